"""Every act leaves one entry, in its own transaction, sealed over all of it."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from audit.trail import NOBODY, OPERATOR, SYSTEM, Action, Actor, AuditEntry, record, seal_of
from storage.sealing import Keyring

NOON = datetime(2026, 5, 3, 12, 0, 0, 123456, tzinfo=UTC)


def entries(session):
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def content(entry):
    return {name: getattr(entry, name) for name in ("uid", "at", "actor", "action", "subject", "facts")}


def test_an_entry_says_who_did_what_to_what_and_when(session):
    record(session, Actor("person", "7"), Action.CASE_READ, "case:1", now=NOON, code="TIP-2222-2", count=3, whole=True)
    entry = entries(session)[0]
    assert (entry.actor, entry.action, entry.subject, entry.at) == ("person:7", "case.read", "case:1", NOON)
    assert entry.facts == {"code": "TIP-2222-2", "count": 3, "whole": True}


def test_an_act_that_is_undone_leaves_no_entry(database):
    def act(session):
        record(session, SYSTEM, Action.CASE_READ, "case:1", now=NOON)
        raise RuntimeError

    with pytest.raises(RuntimeError), database.begin() as session:
        act(session)
    with database.read() as session:
        assert entries(session) == []


def test_those_without_a_number_are_named_by_their_kind():
    assert [str(actor) for actor in (OPERATOR, SYSTEM, NOBODY, Actor("device", "3"))] == [
        "operator",
        "system",
        "nobody",
        "device:3",
    ]


def test_the_seal_of_an_entry_holds_after_it_was_stored_and_read_again(session, keys):
    facts = {"b": 1, "a": "ñ ☃ é", "none": None, "yes": True, "big": 2**40}
    record(session, SYSTEM, Action.CASE_READ, "case:ñ", now=NOON, **facts)
    session.expire_all()
    entry = entries(session)[0]
    assert seal_of(keys.audit_key, content(entry)) == entry.seal


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("uid", "0" * 32),
        ("at", NOON + timedelta(microseconds=1)),
        ("actor", "person:8"),
        ("action", "case.list"),
        ("subject", "case:2"),
        ("facts", {"code": "TIP-3333-3"}),
        ("facts", {}),
    ],
)
def test_the_seal_covers_every_column(session, keys, name, other):
    record(session, Actor("person", "7"), Action.CASE_READ, "case:1", now=NOON, code="TIP-2222-2")
    entry = entries(session)[0]
    assert seal_of(keys.audit_key, content(entry) | {name: other}) != entry.seal


def test_the_seal_does_not_depend_on_the_time_zone_in_which_the_moment_is_told(session, keys):
    record(session, SYSTEM, Action.CASE_READ, "case:1", now=NOON)
    entry = entries(session)[0]
    local = NOON.astimezone(timezone(timedelta(hours=-6)))
    assert seal_of(keys.audit_key, content(entry) | {"at": local}) == entry.seal


def test_values_cannot_slip_from_one_column_into_the_next(keys):
    row = {"uid": "u", "at": NOON, "actor": "a", "action": "b", "subject": "c", "facts": {}}
    assert seal_of(keys.audit_key, row) != seal_of(keys.audit_key, row | {"actor": 'a","b', "action": ""})


def test_without_the_audit_key_nobody_makes_a_seal(session, keys):
    record(session, SYSTEM, Action.CASE_READ, "case:1", now=NOON)
    entry = entries(session)[0]
    assert seal_of(Keyring.of(bytes(32)).audit_key, content(entry)) != entry.seal


def test_an_intake_only_node_writes_entries_that_the_others_accept(session, keys):
    session.info["keys"] = keys.intake
    record(session, SYSTEM, Action.SUBMISSION_RECEIVED, "submission:1", now=NOON)
    entry = entries(session)[0]
    assert seal_of(keys.audit_key, content(entry)) == entry.seal


def test_equal_acts_are_told_apart(session):
    for _ in range(2):
        record(session, SYSTEM, Action.CASE_READ, "case:1", now=NOON)
    assert len({entry.uid for entry in entries(session)}) == 2


def test_an_actor_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        OPERATOR.id = "1"


def test_every_action_has_a_short_name_of_its_own():
    values = [action.value for action in Action]
    assert len(set(values)) == len(values)
    assert max(map(len, values)) <= 40
