"""Tablets: known by one secret each, revoked at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from accounts.catalogue import catalogue_version
from accounts.devices import (
    SEEN_EVERY,
    BadDeviceName,
    DeviceExists,
    DeviceNotFound,
    DeviceUnknown,
    enrol,
    get_device,
    get_device_by_id,
    known_device,
    list_devices,
    revoke,
    seen,
    seen_is_due,
    still_known,
)
from accounts.projects import get_agency, get_project
from accounts.tables import Device
from audit.trail import OPERATOR, Action, AuditEntry

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def add(session):
    def add(name="Tablet 07"):
        project, agency = get_project(session), get_agency(session)
        return enrol(session, name, project=project, agency=agency, actor=OPERATOR, now=NOON)

    return add


def test_a_tablet_is_known_by_its_secret(session, add):
    device, secret = add()
    known = known_device(session, secret)
    assert (known.id, known.name, known.project_id) == (device.id, "Tablet 07", get_project(session).id)
    assert str(known.actor) == f"device:{device.id}"
    assert len(secret) == 43


def test_a_secret_is_kept_as_a_hash_only(session, add):
    _device, secret = add()
    held = session.scalars(select(Device)).one()
    assert secret not in str(vars(held))
    assert held.secret_hash != secret


def test_every_tablet_has_a_secret_of_its_own(add):
    assert add("A")[1] != add("B")[1]


@pytest.mark.parametrize(
    "change", [str.lower, str.upper, str.swapcase, lambda s: s[:-1], lambda s: s + "A", lambda s: ""]
)
def test_a_secret_that_is_not_quite_right_is_nobodys(session, add, change):
    _device, secret = add()
    with pytest.raises(DeviceUnknown):
        known_device(session, change(secret))


@pytest.mark.parametrize("secret", ["", "x" * 43, "x" * 100_000, "\0" * 43, "ñ" * 43, "' OR 1=1 --", "A" * 43 + "\n"])
def test_what_is_no_secret_is_nobodys(session, add, secret):
    add()
    with pytest.raises(DeviceUnknown):
        known_device(session, secret)


def test_a_user_name_must_be_the_tablets_own(session, add):
    device, secret = add()
    assert known_device(session, secret, username=device.username).id == device.id
    for username in ("", "other", "Tablet-07", "ñandú", device.username + " "):
        with pytest.raises(DeviceUnknown):
            known_device(session, secret, username=username)


def test_a_revoked_tablet_is_unknown_at_once(session, add):
    device, secret = add()
    known = known_device(session, secret)
    still_known(session, known)
    revoke(session, device, actor=OPERATOR, now=NOON)
    with pytest.raises(DeviceUnknown):
        known_device(session, secret)
    with pytest.raises(DeviceUnknown):
        still_known(session, known)


def test_revoking_one_tablet_leaves_the_others(session, add):
    (one, _), (_other, secret) = add("A"), add("B")
    revoke(session, one, actor=OPERATOR, now=NOON)
    assert known_device(session, secret).name == "B"


def test_a_tablet_is_revoked_once(session, add):
    device, _ = add()
    revoke(session, device, actor=OPERATOR, now=NOON)
    revoke(session, device, actor=OPERATOR, now=NOON + timedelta(days=1))
    assert device.revoked_at == NOON
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == [Action.DEVICE_ENROLLED.value, Action.DEVICE_REVOKED.value]


def test_enrolling_and_revoking_raise_the_catalogue_which_the_tablet_sees(session, add):
    before = catalogue_version(session)
    device, secret = add()
    other, _ = add("B")
    assert known_device(session, secret).catalogue == before + 2
    revoke(session, other, actor=OPERATOR, now=NOON)
    assert known_device(session, secret).catalogue == catalogue_version(session) == before + 3
    assert device.id


def test_two_tablets_of_one_name_are_not_enrolled(add):
    add()
    with pytest.raises(DeviceExists):
        add("  Tablet 07 ")


def test_one_name_enrolled_twice_at_once_is_one_tablet(database):
    told, barrier = [], threading.Barrier(2)

    def act():
        barrier.wait()
        try:
            with database.begin() as session:
                where = {"project": get_project(session), "agency": get_agency(session)}
                enrol(session, "Tablet 07", actor=OPERATOR, now=NOON, **where)
                told.append("enrolled")
        except DeviceExists:
            told.append("exists")

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["enrolled", "exists"]


@pytest.mark.parametrize("name", ["", "   ", "\0", "x" * 121])
def test_a_tablet_needs_a_name(add, name):
    with pytest.raises(BadDeviceName, match="such as Tablet 07"):
        add(name)


def test_a_name_of_any_script_is_kept_and_its_user_name_is_plain_ascii(add):
    names = ["Tableta Ñandú №3", "平板", "Tablet 07", "tablet-07", "x" * 120]
    devices = [add(name)[0] for name in names]
    assert [device.name for device in devices] == names
    usernames = [device.username for device in devices]
    assert all(username.isascii() and 0 < len(username) <= 80 for username in usernames)
    assert len(set(usernames)) == len(usernames)
    assert usernames[0] == "tableta-and-3"
    assert usernames[2] == "tablet-07"


def test_the_last_contact_is_noted_at_most_once_a_minute(session, add):
    _device, secret = add()
    known = known_device(session, secret)
    assert seen_is_due(known, NOON)
    seen(session, known, app_version="org.odk.collect.android/v2026.3", install_id="collect:1", now=NOON)
    known = known_device(session, secret)
    assert known.last_seen_at == NOON
    assert not seen_is_due(known, NOON + SEEN_EVERY)
    assert seen_is_due(known, NOON + SEEN_EVERY + timedelta(seconds=1))
    device = get_device(session, "Tablet 07")
    session.refresh(device)
    assert (device.app_version, device.install_id) == ("org.odk.collect.android/v2026.3", "collect:1")


def test_tablets_are_listed_by_name_with_their_agency(session, add):
    add("B")
    add("A")
    assert [(device.name, agency) for device, agency in list_devices(session)] == [
        ("A", "Our agency"),
        ("B", "Our agency"),
    ]


def test_no_tablet_is_found_where_none_is(session):
    with pytest.raises(DeviceNotFound, match="Tablet 07"):
        get_device(session, "Tablet 07")
    with pytest.raises(DeviceNotFound):
        get_device_by_id(session, 4711)
