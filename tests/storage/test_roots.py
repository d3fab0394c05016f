"""One key for each record root."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from storage.roots import RootDestroyed, RootKey, destroy_root, ensure_roots, root_key
from storage.sealing import KeysLocked, SealBroken, seal, unseal

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)


def test_every_root_has_a_key_of_its_own_that_stays_the_same(session):
    made = ensure_roots(session, {"a": "case", "b": "person"})
    assert made["a"] != made["b"]
    assert ensure_roots(session, {"a": "case", "b": "person"}) == made
    assert root_key(session, "a") == made["a"]


def test_a_root_key_stands_nowhere_in_clear(session):
    key = ensure_roots(session, {"a": "case"})["a"]
    wrapped = session.scalars(select(RootKey.wrapped)).one()
    assert key not in wrapped


def test_the_key_of_one_root_does_not_fit_in_the_place_of_another(session):
    ensure_roots(session, {"a": "case", "b": "case"})
    rows = {row.root_id: row for row in session.scalars(select(RootKey))}
    rows["b"].wrapped = rows["a"].wrapped
    session.flush()
    with pytest.raises(SealBroken):
        root_key(session, "b")


def test_what_was_sealed_under_a_destroyed_root_cannot_be_opened_again(session):
    sealed = seal(ensure_roots(session, {"a": "case"})["a"], b"x", "place")
    assert unseal(root_key(session, "a"), sealed, "place") == b"x"
    destroy_root(session, "a", now=NOON)
    with pytest.raises(RootDestroyed):
        root_key(session, "a")
    with pytest.raises(RootDestroyed):
        ensure_roots(session, {"a": "case"})
    assert session.scalars(select(RootKey.destroyed_at)).one() == NOON


def test_an_unknown_root_has_no_key(session):
    with pytest.raises(RootDestroyed):
        root_key(session, "nowhere")


def test_an_intake_only_node_has_no_root_keys(session, keys):
    ensure_roots(session, {"a": "case"})
    session.info["keys"] = keys.intake
    with pytest.raises(KeysLocked):
        root_key(session, "a")
    with pytest.raises(KeysLocked):
        ensure_roots(session, {"b": "case"})
