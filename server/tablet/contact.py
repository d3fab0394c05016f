"""When a tablet was last heard from, and what it says of itself."""

import logging
from datetime import datetime
from typing import TypedDict

from flask import request
from sqlalchemy.orm import Session

from accounts.devices import KnownDevice, seen, seen_is_due
from accounts.names import plain_name
from server.access import device
from server.runtime import clock, runtime
from storage.database import DatabaseUnavailable

log = logging.getLogger("fieldcase")


class Claims(TypedDict):
    """The id of an installation and the name of a software, as they are claimed."""

    install_id: str | None
    app_version: str | None


def note_contact() -> None:
    """The tablet's contact is noted, at most once a minute; nobody waits for a database that takes no writes."""
    tablet, now = device(), clock()
    if not seen_is_due(tablet, now):
        return
    try:
        with runtime().database.begin() as session:
            note_within(session, tablet, claims(), now=now)
    except DatabaseUnavailable as error:
        log.warning("a tablet's contact was not noted: %s", type(error).__name__)


def note_within(session: Session, tablet: KnownDevice, told: Claims, *, now: datetime) -> None:
    """As `note_contact`, in a transaction that is open already."""
    if seen_is_due(tablet, now):
        seen(session, tablet, **told, now=now)


def claims() -> Claims:
    """What the sender says of its installation and its software."""
    app, install = request.headers.get("User-Agent", ""), request.args.get("deviceID", "")
    return {"install_id": plain_name(install) or None, "app_version": plain_name(app) or None}
