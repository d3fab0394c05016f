"""The first page after signing in: what is new, what waits for a person, what can be done next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from accounts.people import list_people
from accounts.roles import Right, Viewer
from cases.caseload import Order, count_proposed, list_cases
from forms.library import list_forms
from server.access import viewer as reader
from server.desk.cases import case_rows
from server.desk.door import blueprint
from server.desk.rows import rows
from server.desk.shell import NEEDS_A_PERSON
from server.desk.tablets import tablets_of
from server.runtime import clock, runtime
from submissions.inbox import count_by_filing, count_since, list_submissions

LATEST, PROPOSED = 8, 8
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Tile:
    """A number that says where to look."""

    number: int
    words: str
    href: str
    due: bool = False


@dataclass(frozen=True)
class Step:
    """Something a new server still needs."""

    done: bool
    title: str
    text: str
    href: str


@blueprint.get("/")
def overview() -> str:
    """What this reader may see of what is new and what is due."""
    viewer, now = reader(), clock()
    with runtime().database.read() as session:
        tablets = tablets_of(session, viewer) if viewer.may(Right.READ_TABLETS) else []
        silent = [one for one in tablets if one["silent"] and not one["revoked_at"]]
        view: dict[str, Any] = {
            "now": now,
            "tiles": _tiles(session, viewer, now, len(silent)),
            "start": _start(session, viewer, bool(tablets)),
            "latest": _latest(session, viewer),
            "proposed": _proposed(session, viewer),
            "silent": silent,
        }
    return render_template("overview.html", **view)


def _tiles(session: Session, viewer: Viewer, now: datetime, silent: int) -> list[Tile]:
    tiles = []
    if viewer.may(Right.LIST_CASES):
        number = count_proposed(session, viewer=viewer)
        words = ngettext("case waits to be confirmed", "cases wait to be confirmed", number)
        tiles.append(Tile(number, words, url_for("desk.cases", proposed="yes"), due=True))
    if viewer.may(Right.LIST_SUBMISSIONS):
        aside = sum(count_by_filing(session, viewer=viewer, states=NEEDS_A_PERSON).values())
        words = ngettext("submission set aside", "submissions set aside", aside)
        tiles.append(Tile(aside, words, url_for("desk.set_aside"), due=True))
        came = count_since(session, now - A_WEEK, viewer=viewer)
        words = ngettext("submission in the last 7 days", "submissions in the last 7 days", came)
        tiles.append(Tile(came, words, url_for("desk.submissions")))
    if viewer.may(Right.READ_TABLETS):
        words = ngettext("silent tablet", "silent tablets", silent)
        tiles.append(Tile(silent, words, url_for("desk.tablets"), due=True))
    return tiles


def _start(session: Session, viewer: Viewer, tablets: bool) -> list[Step]:
    """The steps that this reader may take; none once all of them are done."""
    steps = []
    if viewer.may(Right.PUBLISH_FORMS):
        done = bool(list_forms(session))
        words = (
            _("Questionnaires are published already.") if done else _("Upload a spreadsheet; tablets then fetch it.")
        )
        steps.append(Step(done, _("Publish a form"), words, url_for("desk.forms" if done else "desk.publish")))
    if viewer.may(Right.MANAGE_TABLETS):
        words = _("Scan a QR code once; the tablet then works on its own, without signal too.")
        steps.append(Step(tablets, _("Enrol a tablet"), words, url_for("desk.tablet_new")))
    if viewer.may(Right.MANAGE_PEOPLE):
        others = len(list_people(session)) > 1
        words = _("Each gets a link that works once, to choose a password.")
        steps.append(Step(others, _("Add your colleagues"), words, url_for("desk.person_new")))
    return [] if all(step.done for step in steps) else steps


def _latest(session: Session, viewer: Viewer) -> Any:
    if not viewer.may(Right.LIST_SUBMISSIONS):
        return None
    return rows(session, list_submissions(session, viewer=viewer, limit=LATEST), viewer=viewer)


def _proposed(session: Session, viewer: Viewer) -> Any:
    if not viewer.may(Right.LIST_CASES):
        return None
    listed = list_cases(session, viewer=viewer, proposed=True, order=Order.URGENT, limit=PROPOSED)
    return case_rows(session, listed)
