"""Tablets: enrolled with one secret each, known by it, revoked in one act."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.orm import Session

from accounts.catalogue import raise_catalogue
from accounts.names import LONGEST, plain_name
from accounts.tables import Agency, Catalogue, Device, Project
from accounts.tokens import new_token, token_hash
from audit.trail import Action, Actor, record
from storage.database import insert_once

SEEN_EVERY = timedelta(seconds=60)
# Asked at every request: made once, and without the ORM.
KNOWN = select(
    Device.id,
    Device.project_id,
    Device.agency_id,
    Device.name,
    Device.last_seen_at,
    select(Catalogue.version).where(Catalogue.id == 1).scalar_subquery().label("catalogue"),
    Device.username,
).where(Device.secret_hash == bindparam("secret_hash"), Device.revoked_at.is_(None))
STILL_KNOWN = select(Device.id).where(Device.id == bindparam("device_id"), Device.revoked_at.is_(None))
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class DeviceExists(Exception):
    """A tablet of this name is enrolled already."""


class BadDeviceName(Exception):
    """A tablet needs a name of 1 to 120 characters, such as Tablet 07."""


class DeviceNotFound(Exception):
    """There is no such tablet."""


class DeviceUnknown(Exception):
    """This tablet is not enrolled here, or its access was withdrawn."""


@dataclass(frozen=True)
class KnownDevice:
    """A tablet that has proved who it is, and how new the catalogue is."""

    id: int
    project_id: int
    agency_id: int
    name: str
    last_seen_at: datetime | None
    catalogue: int

    @property
    def actor(self) -> Actor:
        """As the trail names this tablet."""
        return Actor("device", str(self.id))


def enrol(
    session: Session, name: str, *, project: Project, agency: Agency, actor: Actor, now: datetime
) -> tuple[Device, str]:
    """The tablet is enrolled; its secret is returned, and from then on kept only as a hash.

    Raises BadDeviceName, DeviceExists.
    """
    if not plain_name(name) or len(name.strip()) > LONGEST:
        raise BadDeviceName("Give the tablet a name of 1 to 120 characters, such as Tablet 07.")
    name, secret = plain_name(name), new_token()
    row = {
        "project_id": project.id,
        "agency_id": agency.id,
        "name": name,
        "username": _username(session, name),
        "secret_hash": token_hash(secret),
        "enrolled_at": now,
    }
    device_id = insert_once(session, Device, row)
    if device_id is None:
        raise DeviceExists("A tablet of this name is enrolled already. Choose another name.")
    raise_catalogue(session)
    record(session, actor, Action.DEVICE_ENROLLED, f"device:{device_id}", now=now)
    return get_device_by_id(session, device_id), secret


def revoke(session: Session, device: Device, *, actor: Actor, now: datetime) -> None:
    """The tablet's next request is refused."""
    if device.revoked_at is None:
        device.revoked_at = now
        session.flush()
        raise_catalogue(session)
        record(session, actor, Action.DEVICE_REVOKED, f"device:{device.id}", now=now)


def known_device(session: Session | Connection, secret: str, *, username: str | None = None) -> KnownDevice:
    """The tablet whose secret this is, by one indexed read; raises DeviceUnknown."""
    if not SECRET.fullmatch(secret):
        raise DeviceUnknown("not a secret")
    row = session.execute(KNOWN, {"secret_hash": token_hash(secret)}).first()
    named = username is None or (row is not None and secrets.compare_digest(row.username.encode(), username.encode()))
    if row is None or not named:
        raise DeviceUnknown("no such secret")
    return KnownDevice(row.id, row.project_id, row.agency_id, row.name, row.last_seen_at, row.catalogue or 0)


def still_known(session: Session, device: KnownDevice) -> None:
    """Raises DeviceUnknown when the tablet was revoked meanwhile."""
    if session.connection().execute(STILL_KNOWN, {"device_id": device.id}).first() is None:
        raise DeviceUnknown("revoked")


def seen(
    session: Session, device: KnownDevice, *, app_version: str | None, install_id: str | None, now: datetime
) -> None:
    """The tablet's last contact, Collect's version and install id are noted, at most once a minute."""
    values = {"last_seen_at": now, "app_version": app_version, "install_id": install_id}
    session.execute(update(Device).where(Device.id == device.id).values(**values))


def seen_is_due(device: KnownDevice, now: datetime) -> bool:
    """True when the last contact on record is older than a minute."""
    return device.last_seen_at is None or now - device.last_seen_at > SEEN_EVERY


def get_device(session: Session, name: str) -> Device:
    """The tablet of this name; raises DeviceNotFound."""
    device = session.scalar(select(Device).where(Device.name == name))
    if device is None:
        raise DeviceNotFound(f"There is no tablet called {name}.")
    return device


def get_device_by_id(session: Session, device_id: int) -> Device:
    """The tablet; raises DeviceNotFound."""
    device = session.get(Device, device_id)
    if device is None:
        raise DeviceNotFound("There is no such tablet.")
    return device


def list_devices(session: Session) -> list[tuple[Device, str]]:
    """Every tablet with its agency's name, by name."""
    rows = session.execute(
        select(Device, Agency.name).join(Agency, Agency.id == Device.agency_id).order_by(Device.name)
    )
    return [(device, agency) for device, agency in rows]


def _username(session: Session, name: str) -> str:
    """ASCII only: OkHttp writes Basic in ISO-8859-1."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "tablet"
    taken = session.scalar(select(Device.id).where(Device.username == base)) is not None
    return f"{base}-{secrets.token_hex(3)}" if taken else base
