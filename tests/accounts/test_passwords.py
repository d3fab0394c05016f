"""Passwords: strong ones only, hashed by argon2id, and as slow for somebody who has none."""

import threading
import time

import pytest

from accounts.passwords import HASHER, PasswordsBusy, WeakPassword, hash_password, require_strong, verify_password

GOOD = "correct horse battery staple"


def test_the_hash_is_argon2id_with_64_mib_and_three_passes():
    assert HASHER.type.name == "ID"
    assert (HASHER.memory_cost, HASHER.time_cost, HASHER.parallelism) == (65536, 3, 4)
    assert hash_password(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_fits_its_own_hash_and_no_other(cheap_hash):
    held = hash_password(GOOD)
    assert GOOD not in held
    assert verify_password(GOOD, held)
    assert not verify_password(GOOD + " ", held)
    assert not verify_password(GOOD.upper(), held)
    assert not verify_password("", held)
    assert hash_password(GOOD) != held


def test_nobody_signs_in_without_a_password(cheap_hash):
    assert not verify_password("", None)
    assert not verify_password("nobody has this password", None)


@pytest.mark.parametrize("held", ["", "junk", "$argon2id$v=19$m=8,t=1,p=1$junk"])
def test_a_damaged_hash_fits_no_password(cheap_hash, held):
    assert not verify_password(GOOD, held)


def test_letters_of_any_script_count_and_none_is_cut_off(cheap_hash):
    held = hash_password("contraseña de cinco palabras ☃")
    assert verify_password("contraseña de cinco palabras ☃", held)
    assert not verify_password("contraseña de cinco palabras", held)
    assert verify_password("x" * 100 + "y", hash_password("x" * 100 + "y"))
    assert not verify_password("x" * 100 + "z", hash_password("x" * 100 + "y"))


def test_what_is_no_text_is_no_password(cheap_hash):
    assert not verify_password("\ud800", hash_password(GOOD))


def test_a_million_characters_take_no_longer(cheap_hash):
    assert not verify_password("x" * 1_000_000, hash_password(GOOD))


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "at least 12"),
        ("elevenchars", "at least 12"),
        ("x" * 1025, "at most 1024"),
        ("aaaaaaaaaaaaaaaa", "does not repeat itself"),
        ("abababababababab", "does not repeat itself"),
        ("ana.ejemplo-2026", "your e-mail address"),
        ("XANA.EJEMPLOxx99", "your e-mail address"),
    ],
)
def test_a_weak_password_is_refused_with_what_to_change(password, words):
    with pytest.raises(WeakPassword, match=words):
        require_strong(password, about="ana.ejemplo@example.org")


@pytest.mark.parametrize("password", [GOOD, "twelve chars", "x" * 1020 + "abcd", "ana and four others"])
def test_a_strong_password_is_taken(password):
    require_strong(password, about="ana@example.org")


def test_somebody_who_has_no_account_waits_as_long_as_somebody_who_has():
    held = hash_password(GOOD)
    verify_password("warm", None)

    def seconds(hashed):
        best = []
        for _ in range(3):
            start = time.process_time()
            verify_password("wrong password here", hashed)
            best.append(time.process_time() - start)
        return min(best)

    assert 0.4 < seconds(None) / seconds(held) < 2.5


def test_no_more_than_two_hashes_are_made_at_once():
    """Each takes 64 MiB."""
    from accounts import passwords

    most, now, lock = [0], [0], threading.Lock()
    real = passwords.HASHER

    class Counting:
        def hash(self, password):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            held = real.hash(password)
            with lock:
                now[0] -= 1
            return held

    passwords.HASHER = Counting()
    try:
        threads = [threading.Thread(target=hash_password, args=(GOOD,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        passwords.HASHER = real
    assert most[0] == 2


def test_one_address_that_tries_many_at_once_keeps_nobody_else_out(monkeypatch):
    from accounts import passwords

    begun, go_on = threading.Semaphore(0), threading.Event()

    class Slow:
        def verify(self, held, password):
            begun.release()
            go_on.wait(10)
            return True

    verify_password("warm", None)
    monkeypatch.setattr(passwords, "HASHER", Slow())
    answers = {"192.0.2.1": [], "192.0.2.2": [], "192.0.2.3": []}

    def sign_in(address):
        try:
            answers[address].append(verify_password(GOOD, "held", address=address))
        except PasswordsBusy:
            answers[address].append("busy")

    crowd = [threading.Thread(target=sign_in, args=("192.0.2.1",)) for _one in range(8)]
    others = [threading.Thread(target=sign_in, args=(address,)) for address in ("192.0.2.2", "192.0.2.3")]
    for one in crowd:
        one.start()
    begun.acquire(timeout=10)
    while answers["192.0.2.1"].count("busy") < 5:
        time.sleep(0.01)
    for one in others:
        one.start()
    time.sleep(0.1)
    go_on.set()
    for one in (*crowd, *others):
        one.join()
    assert sorted(map(str, answers.pop("192.0.2.1"))) == ["True"] * 3 + ["busy"] * 5
    assert answers == {"192.0.2.2": [True], "192.0.2.3": [True]}
    assert not passwords._taken


def test_a_crowd_that_signs_in_leaves_threads_for_others():
    begin, answers = threading.Barrier(12), []

    def sign_in() -> None:
        begin.wait()
        try:
            answers.append(verify_password(GOOD, None))
        except PasswordsBusy:
            answers.append("busy")

    crowd = [threading.Thread(target=sign_in) for _one in range(12)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert "busy" in answers
    assert 2 <= answers.count(False) < 12
    assert not verify_password(GOOD, None)
