"""What the lower floors say by code or in English, in the reader's words."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from accounts.devices import DeviceExists
from accounts.passwords import WeakPassword
from accounts.people import BadAddress, PersonExists
from accounts.projects import AgencyExists
from forms.drafts import DraftChanged
from forms.publish import VersionTaken

REFUSALS = {
    AgencyExists: _l("An agency of this name is here already. Choose another name."),
    BadAddress: _l("Write an email address like ana@example.org"),
    DraftChanged: _l(
        "The draft was changed while you looked at it. Look at it again, then publish it or send it back."
    ),
    DeviceExists: _l("A tablet of this name is enrolled already. Choose another name."),
    PersonExists: _l("Somebody with this email address has an account already."),
    VersionTaken: _l(
        "This version of the form was published before, and a version never changes. "
        "Raise “version” on the settings sheet and publish again."
    ),
}
# By what accounts.passwords says in English.
PASSWORDS = {
    "at least": _l("Choose a password of at least 12 characters; four unrelated words are good."),
    "at most": _l("Choose a password of at most 1024 characters."),
    "repeat": _l("Choose a password that does not repeat itself or your email address."),
}

# Why a submission is not filed; `question` and `field` are in words already.
REASONS: dict[str, Callable[[str, str], str]] = {
    "already-corrected": lambda _q, _f: _("It corrects a submission that another one has corrected already."),
    "edit-of-itself": lambda _q, _f: _("It says that it corrects itself."),
    "form-closed": lambda _q, _f: _("Its form is closed. It is filed once the form is opened again."),
    "match-empty": lambda q, _f: _(
        "“%(question)s” has no answer, and without it nobody knows which case is meant.", question=q
    ),
    "no-free-code": lambda _q, _f: _("No free case code was found for it."),
    "no-such-case": lambda q, _f: _("The case code given for “%(question)s” is of no case here.", question=q),
    "no-such-record": lambda q, _f: (
        _("What “%(question)s” speaks of is not in the case record.", question=q)
        if q
        else _("It speaks of something that is not in the case record.")
    ),
    "not-a-code": lambda q, _f: _(
        "The answer to “%(question)s” is not a case code; one character is wrong or missing.", question=q
    ),
    "not-a-value": lambda q, f: _(
        "The answer to “%(question)s” does not fit “%(field)s” of the case record. Mend the form or its case mapping.",
        question=q,
        field=f,
    ),
    "other-content": lambda _q, _f: _("The tablet sent it more than once with different answers; this is a later one."),
    "record-erased": lambda _q, _f: _("The case that it belongs to was erased."),
    "seal-broken": lambda _q, _f: _(
        "What is stored was changed or damaged and cannot be opened. Tell your administrator."
    ),
    "unexpected": lambda _q, _f: _("The server failed while filing it. Tell your administrator, then file it again."),
    "unknown-field": lambda q, f: _(
        "“%(question)s” is led to “%(field)s”, which the case record does not know. Mend the case mapping.",
        question=q,
        field=f,
    ),
    "unknown-version": lambda _q, _f: _("Its version of the form is not published here. It is filed once it is."),
    "waits-for-key": lambda _q, _f: _(
        "It is sealed for a newer key than this server has. It is filed once the newest key file is here."
    ),
    "waits-for-parent": lambda _q, _f: _("The submission that it corrects has not arrived or is not filed yet."),
    "waits-for-record": lambda _q, _f: _("The case that it speaks of has not arrived from another tablet yet."),
}


def refusal_words(error: Exception) -> str:
    """Why an act was refused, in the reader's language; the act's own English where there are no words for it."""
    if isinstance(error, WeakPassword):
        return next((str(words) for part, words in PASSWORDS.items() if part in str(error)), str(error))
    words = REFUSALS.get(type(error))
    return str(error if words is None else words)


def reason_words(reason: Mapping[str, str] | None, *, question: str = "", field: str = "") -> str:
    """Why a submission is not filed: names the question and the field, never an answer."""
    if not reason:
        return ""
    words = REASONS.get(reason.get("code", ""))
    return words(question, field) if words else _("It could not be filed.")


def question_type(kind: str) -> str:
    """What a question of this type takes, as people who never saw a spreadsheet say it."""
    types: dict[str, str] = {
        "acknowledge": _("Confirmation"),
        "audio": _("Recording"),
        "barcode": _("Barcode"),
        "boolean": _("Yes or no"),
        "calculate": _("Worked out by the form"),
        "date": _("Date"),
        "dateTime": _("Date and time"),
        "decimal": _("Number"),
        "file": _("File"),
        "geopoint": _("Point on the map"),
        "geoshape": _("Area on the map"),
        "geotrace": _("Line on the map"),
        "image": _("Picture"),
        "integer": _("Whole number"),
        "note": _("Text to read"),
        "range": _("Number in a range"),
        "rank": _("Choices in order"),
        "select_multiple": _("Several choices"),
        "select_one": _("One choice"),
        "text": _("Text"),
        "time": _("Time of day"),
        "video": _("Video"),
    }
    return types.get(kind) or _("Filled in by the tablet")


def file_type(content_type: str) -> str:
    """What kind of file this is."""
    kinds: dict[str, str] = {
        "audio": _("Recording"),
        "image": _("Picture"),
        "text": _("Text"),
        "video": _("Video"),
    }
    return kinds.get(content_type.partition("/")[0]) or _("File")
