from tests.server.desk.office import Office


def test_without_the_desk_tablets_are_answered_in_the_offices_language(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"doors": ("tablet",), "language": "es"})
    answer = office.stranger().get(f"/v1/key/{'x' * 43}/projects/1/formList", headers={"Accept-Language": "en"})
    assert answer.status_code == 401
    assert "Esta tableta" in answer.text


def test_without_the_desk_there_is_no_page_and_a_plain_word_says_so(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"doors": ("tablet",)})
    for path in ("/", "/sign-in", "/cases"):
        answer = office.stranger().get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert office.stranger().get("/healthz").status_code == 200


def test_with_the_desk_tablets_hear_the_offices_language_and_people_their_own(database, files, tmp_path):
    office = Office(database, files, tmp_path, {"language": "es"})
    english = {"Accept-Language": "en"}
    assert "Esta tableta" in office.stranger().get(f"/v1/key/{'x' * 43}/projects/1/formList", headers=english).text
    assert "Sign in" in office.stranger().get("/sign-in", headers=english).text


def test_every_answer_carries_one_strict_policy(office):
    for path in ("/sign-in", "/nowhere", "/healthz", f"/v1/key/{'x' * 43}/projects/1/formList"):
        policy = office.stranger().get(path).headers.getlist("Content-Security-Policy")
        assert len(policy) == 1
        assert policy[0].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in policy[0]
