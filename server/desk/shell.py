"""What stands around every page: who reads, where this reader may go, what everybody must know."""

from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from accounts.roles import Right, Viewer
from accounts.tables import Agency
from server.access import caller
from server.runtime import runtime
from submissions.inbox import count_by_filing
from submissions.tables import Filing

NEEDS_A_PERSON = (Filing.SET_ASIDE, Filing.CONFLICT)


@dataclass(frozen=True)
class Item:
    """A place of the menu."""

    text: str
    href: str
    current: bool
    count: int = 0


@dataclass(frozen=True)
class Reader:
    """Who reads, as the page's head shows it."""

    name: str
    agency: str


def shell() -> dict[str, Any]:
    """Reader, menu and banners; a page that says the database is away does without them."""
    signed_in = caller().signed_in
    if signed_in is None or g.get("without_database"):
        return {"navigation": [], "reader": None, "banners": banners()}
    with runtime().database.read() as session:
        reader = Reader(signed_in.viewer.name, _agency(session, signed_in.viewer))
        return {"navigation": menu(session, signed_in.viewer), "reader": reader, "banners": banners()}


def csrf_token() -> str:
    """What every form of the signed-in browser carries."""
    signed_in = caller().signed_in
    return signed_in.csrf if signed_in else ""


def banners() -> list[str]:
    """What everybody must know on every page."""
    settings = runtime().settings
    told = []
    if not runtime().unlocked:
        told.append(
            _(
                "The server is locked. What tablets send is received and kept as always; it is filed, and answers can "
                "be read, once the server is unlocked. Ask whoever runs it."
            )
        )
    if not settings.https and not settings.loopback:
        told.append(
            _(
                "This address is plain http: others in the network can read what is typed here. "
                "Try things out with invented answers only; for real work set FIELDCASE_BASE_URL to an https address."
            )
        )
    return told


def menu(session: Session, viewer: Viewer) -> list[Item]:
    """Where this reader may go."""
    waiting = 0
    if viewer.may(Right.LIST_SUBMISSIONS):
        waiting = sum(count_by_filing(session, viewer=viewer, states=NEEDS_A_PERSON).values())
    places = [
        (_("Overview"), "overview", (), True, 0),
        (_("Cases"), "cases", ("case", "confirm_case"), viewer.may(Right.LIST_CASES), 0),
        (_("Submissions"), "submissions", ("submission",), viewer.may(Right.LIST_SUBMISSIONS), 0),
        (_("Set aside"), "set_aside", ("refile_group",), viewer.may(Right.LIST_SUBMISSIONS), waiting),
        (_("Forms"), "forms", ("form", "publish", "check", "draft", "discard"), viewer.may(Right.READ_FORMS), 0),
        (_("Tablets"), "tablets", ("tablet",), viewer.may(Right.READ_TABLETS), 0),
        (_("People"), "people", ("person", "agenc"), viewer.may(Right.READ_PEOPLE), 0),
    ]
    here = (request.endpoint or "").partition(".")[2]
    return [
        Item(text, url_for(f"desk.{endpoint}"), here == endpoint or here.startswith(below), count)
        for text, endpoint, below, allowed, count in places
        if allowed
    ]


def _agency(session: Session, viewer: Viewer) -> str:
    agency = session.get(Agency, viewer.agency_id) if viewer.agency_id else None
    return agency.name if agency else ""
