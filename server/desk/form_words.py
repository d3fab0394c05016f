"""The words of pages that show a form: ODK Web Forms' own in the reader's language, and the page's."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

WEB_FORMS = {  # By what ODK Web Forms says in English; see server/assets/web_forms.js.
    "Remove": _l("Remove"),
    "Cancel": _l("Cancel"),
    "Save location": _l("Save location"),
    "change language": _l("Language of the form"),
    "Add": _l("Add"),
    "Clear": _l("Take it out again"),
    "Actions": _l("What can be done with it"),
    "Repeat Item": _l("Item"),
    "OK": _l("OK"),
    "Condition not satisfied: constraint": _l("This answer does not fit what the question asks for."),
    "Condition not satisfied: required": _l("Answer this question."),
    "An error occurred while loading this form": _l("The form cannot be opened here"),
    "Take picture": _l("Take picture"),
    "Choose image": _l("Choose image"),
    "Rank items": _l("Put in order"),
    "Get location": _l("Get location"),
    "Try again": _l("Try again"),
    "Grant location permission in the browser settings and make sure location is turned on.": _l(
        "Allow this page to know the location in the browser's settings, and turn location on."
    ),
    "Location unavailable. Enable GPS and browser permissions, then restart the form to try again.": _l(
        "The location is not known. Turn location on and allow it in the browser's settings, then open the form anew."
    ),
    "1 question with error.": _l("1 question needs another look."),
    "%d questions with errors.": _l("{count} questions need another look."),
}
CALENDAR = {
    "today": _l("Today"),
    "clear": _l("Clear"),
    "emptyMessage": _l("Nothing to choose from"),
    "emptyFilterMessage": _l("Nothing fits"),
}


def words(send: str) -> dict[str, str]:
    """Each of ODK Web Forms' own words in the reader's language; `send` stands on its button."""
    return {english: str(told).replace("{count}", "%d") for english, told in WEB_FORMS.items()} | {"Send": send}


def calendar() -> dict[str, str]:
    """What its calendars and lists say beside the names of months and days."""
    return {name: str(told) for name, told in CALENDAR.items()}


def says() -> dict[str, str]:
    """What the page says when something goes wrong before the server has a word in it."""
    return {
        "offline": _(
            "The server could not be reached. Your answers are still in this window; send them again in a minute."
        ),
        "failed": _(
            "Something went wrong on the server. Your answers are still in this window; send them again in a minute."
        ),
        "another": _(
            "Somebody else is signed in now, and nothing was sent in their name. Your answers are still in this "
            "window; sign in as yourself in another tab, then send them."
        ),
        "unopened": _(
            "The form could not be opened. Check the connection and load the page again; "
            "if that does not help, tell your administrator."
        ),
    }
