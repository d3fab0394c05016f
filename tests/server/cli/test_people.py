"""`fieldcase person` and `fieldcase agency`."""

import pytest

from accounts.links import LinkInvalid, use_person_link
from accounts.sessions import SignInRefused, check_password
from server.runtime import clock

ANA = ("ana@example.org", "--name", "Ana (invented)")
PASSWORD = "correct horse battery staple"


def add(fieldcase, *more, **settings):
    return fieldcase.json("person", "add", *ANA, *more, **settings)


def token_of(link: str) -> str:
    assert link.startswith("http://127.0.0.1:8080/password/")
    return link.rpartition("/")[2]


def test_a_person_without_password_gets_a_link_that_works_once(fieldcase):
    added = add(fieldcase, "--role", "caseworker", "--role", "designer")
    assert added["roles"] == ["caseworker", "designer"]
    assert added["agency"] == "Our agency"
    with fieldcase.making() as make:
        use_person_link(make.session, token_of(added["link"]), password=PASSWORD, now=clock())
        check_password(make.session, email=ANA[0], password=PASSWORD, address="127.0.0.1", now=clock())
        with pytest.raises(LinkInvalid):
            use_person_link(make.session, token_of(added["link"]), password=PASSWORD, now=clock())


def test_a_password_on_standard_input_signs_in(fieldcase):
    added = add(fieldcase, "--role", "manager", "--password-stdin", input=f"{PASSWORD}\n")
    assert added["link"] is None
    with fieldcase.making() as make:
        person = check_password(make.session, email=ANA[0], password=PASSWORD, address="127.0.0.1", now=clock())
        assert person.name == "Ana (invented)"


@pytest.mark.parametrize("typed, said", [("", "no password"), ("short\n", "at least 12"), ("\n", "no password")])
def test_a_password_that_will_not_do_is_told_and_nobody_is_added(embedded, typed, said):
    result = embedded.run("person", "add", *ANA, "--role", "manager", "--password-stdin", input=typed)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert said in result.stderr
    assert embedded.json("person", "list") == []


def test_people_are_listed_with_roles_and_agency(fieldcase):
    fieldcase.json("agency", "add", "Invented Refuge")
    add(fieldcase, "--role", "supervisor", "--agency", "Invented Refuge", "--language", "es")
    (row,) = fieldcase.json("person", "list")
    assert (row["email"], row["roles"], row["agency"]) == ("ana@example.org", ["supervisor"], "Invented Refuge")
    assert (row["language"], row["disabled"]) == ("es", False)
    assert "supervisor" in fieldcase.run("person", "list").stdout


def test_a_persons_pages_come_in_the_language_of_the_installation(embedded):
    add(embedded, "--role", "manager", FIELDCASE_LANGUAGE="es")
    assert embedded.json("person", "list")[0]["language"] == "es"


def test_the_same_person_twice_and_an_unknown_agency_are_told(embedded):
    add(embedded, "--role", "manager")
    for more, said in ((), "has an account already"), (("--agency", "Nowhere"), "no agency called Nowhere"):
        result = embedded.run("person", "add", *ANA, "--role", "manager", *more)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert said in result.stderr


def test_a_new_link_makes_the_earlier_one_void(embedded):
    first = token_of(add(embedded, "--role", "manager")["link"])
    second = token_of(embedded.json("person", "link", "ANA@example.org ")["link"])
    with embedded.making() as make:
        with pytest.raises(LinkInvalid):
            use_person_link(make.session, first, password=PASSWORD, now=clock())
        use_person_link(make.session, second, password=PASSWORD, now=clock())


def test_a_disabled_person_cannot_sign_in_and_gets_no_link_until_enabled(fieldcase):
    add(fieldcase, "--role", "manager", "--password-stdin", input=PASSWORD)
    assert fieldcase.json("person", "disable", ANA[0]) == {"email": ANA[0], "disabled": True}
    assert fieldcase.json("person", "list")[0]["disabled"] is True
    assert "person enable" in fieldcase.run("person", "link", ANA[0]).stderr
    with fieldcase.making() as make, pytest.raises(SignInRefused):
        check_password(make.session, email=ANA[0], password=PASSWORD, address="127.0.0.1", now=clock())
    assert fieldcase.json("person", "enable", ANA[0]) == {"email": ANA[0], "disabled": False}
    assert fieldcase.run("person", "link", ANA[0]).exit_code == 0
    assert fieldcase.trail("person.add", "person.disable", "person.enable", "link.make") == ["operator"] * 4


def test_somebody_who_is_not_there_is_told(embedded):
    for act in ("link", "disable", "enable"):
        result = embedded.run("person", act, "nobody@example.org")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "Nobody with this e-mail address" in result.stderr


def test_an_agency_is_added_once(fieldcase):
    assert fieldcase.json("agency", "add", "Invented Refuge")["name"] == "Invented Refuge"
    assert [row["name"] for row in fieldcase.json("agency", "list")] == ["Invented Refuge", "Our agency"]
    assert "exists already" in fieldcase.run("agency", "add", "Invented Refuge").stderr
