"""What was done, said once on the next page; the cookie between the two holds a code of this table and no words."""

from collections.abc import Callable

from flask import g, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from server.access import cookie_name
from server.runtime import runtime

NOTICES: dict[str, tuple[str, Callable[[int], str]]] = {
    "agency-added": ("success", lambda _n: _("The agency is added.")),
    "agency-renamed": ("success", lambda _n: _("The agency has its new name.")),
    "case-confirmed": ("success", lambda _n: _("The case is confirmed and in review.")),
    "draft-code": ("success", lambda _n: _("The draft has a new code. The one before opens nothing any more.")),
    "draft-discarded": ("success", lambda _n: _("The draft is discarded.")),
    "draft-files": (
        "success",
        lambda n: ngettext("%(num)s file is beside the draft.", "%(num)s files are beside the draft.", n),
    ),
    "draft-kept": ("success", lambda _n: _("It is kept as a draft. Nothing was published yet.")),
    "draft-look": ("information", lambda _n: _("Nothing was published yet. Look at what changes, then publish below.")),
    "draft-proposed": ("success", lambda _n: _("It is proposed. Another designer or manager can publish it now.")),
    "draft-returned": ("success", lambda _n: _("The draft is no longer proposed.")),
    "editable-off": ("success", lambda _n: _("From its next version on, tablets cannot edit what they sent.")),
    "editable-on": (
        "success",
        lambda _n: _("From its next version on, tablets may edit what they sent. Publish one to let it hold."),
    ),
    "form-closed": ("success", lambda _n: _("The form is closed. What still arrives is kept and waits.")),
    "form-closing": ("success", lambda _n: _("Tablets are no longer offered the form. What still arrives is filed.")),
    "form-opened": ("success", lambda _n: _("The form is open. Tablets get it at their next contact.")),
    "form-published": ("success", lambda _n: _("The form is published. Tablets get it at their next contact.")),
    "mapping-mended": (
        "success",
        lambda _n: _(
            "The case mapping of this version is mended; tablets notice nothing. What was set aside can be filed again."
        ),
    ),
    "password-changed": ("success", lambda _n: _("Your password is changed. You were signed out everywhere else.")),
    "person-changed": (
        "success",
        lambda _n: _("Saved. Whoever gets other roles or another agency has to sign in again."),
    ),
    "person-disabled": ("success", lambda _n: _("The account is disabled and signed out everywhere.")),
    "person-enabled": ("success", lambda _n: _("The person can sign in again.")),
    "refile-still": ("warning", lambda _n: _("It was tried again and is still set aside. The reason stands below.")),
    "refiled": ("success", lambda _n: _("It was filed again.")),
    "refiling": (
        "information",
        lambda n: ngettext("%(num)s submission is filed again.", "%(num)s submissions are filed again.", n),
    ),
    "signed-out": ("success", lambda _n: _("You are signed out.")),
    "signed-out-elsewhere": ("success", lambda _n: _("You are signed out everywhere else.")),
    "tablet-revoked": ("success", lambda _n: _("The tablet's access is ended.")),
    "welcome": ("success", lambda _n: _("Your password is set and you are signed in.")),
}


def tell(answer: Response, code: str, count: int = 0) -> None:
    """The next page says it."""
    _keep(answer, f"{code}:{count}" if count else code)


def told(*, with_categories: bool = False, category_filter: object = ()) -> list[tuple[str, str]]:
    """What the page before this one told, as the layout asks for it; from then on it counts as said."""
    code, _colon, number = request.cookies.get(_name(), "").partition(":")
    if code not in NOTICES:
        return []
    g.notice_said = True
    variant, words = NOTICES[code]
    return [(variant, words(int(number) if number.isdecimal() else 0))]


def forget_said(answer: Response) -> Response:
    """What was said is not said again."""
    if g.get("notice_said"):
        answer.delete_cookie(_name(), secure=runtime().settings.https, httponly=True, samesite="Strict")
    return answer


def _keep(answer: Response, text: str) -> None:
    secure = runtime().settings.https
    answer.set_cookie(_name(), text, max_age=60, secure=secure, httponly=True, samesite="Strict")


def _name() -> str:
    return f"{cookie_name()}-notice"
