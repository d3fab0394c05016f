"""What stands in the log, and what never does."""

import io
import logging

import pytest

from server.logs import redacted, set_up_logs, told

SECRET = "hbtMNjnH-R_0YEpdpt7SGODOKlLsBz6JTBcPaK-LE50"


@pytest.fixture
def written():
    """What is logged, while the test's own handlers rest."""
    root, names = logging.getLogger(), ("fieldcase", "waitress", "waitress.queue")
    before = root.handlers[:], root.level, [logging.getLogger(name).level for name in names], logging.raiseExceptions
    stream = io.StringIO()
    set_up_logs(stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    for name, level in zip(names, before[2], strict=True):
        logging.getLogger(name).setLevel(level)
    logging.raiseExceptions = before[3]


def test_an_event_is_one_line_of_names_and_values(written):
    logging.getLogger("fieldcase").info("answered", extra={"request_id": "abc", "status": 200})
    (line,) = written.getvalue().splitlines()
    assert "level=info event=answered request_id=abc status=200" in line
    assert line.startswith("timestamp=20")


def test_secrets_in_addresses_are_left_out(written):
    logging.getLogger("fieldcase").warning("no answer from /v1/key/%s/projects/1/formList", SECRET)
    assert SECRET not in written.getvalue()
    assert "/v1/key/***/projects/1/formList" in written.getvalue()
    for path in ("/first/", "/password/", "/link/"):
        assert redacted(f"http://127.0.0.1:8080{path}{SECRET}?next=1") == f"http://127.0.0.1:8080{path}***?next=1"


def test_of_a_path_only_our_words_and_ids_are_told():
    words = {"", "v1", "key", "projects", "submission", "attachments", "cases"}
    paths = {
        f"/v1/key/{SECRET}/projects/1/submission": "/v1/key/***/projects/1/submission",
        f"/v1/Key/{SECRET}": "/v1/***/***",
        "/v1/projects/1/Luz Marin.jpg": "/v1/projects/1/***",
        "/cases/TIP-7K3Q-9": "/cases/TIP-7K3Q-9",
        "/cases/Luz": "/cases/***",
        "/v1/uuid:01234567-89ab-4def-8123-456789abcdef/x": "/v1/uuid:01234567-89ab-4def-8123-456789abcdef/***",
    }
    assert {path: told(path, words) for path in paths} == paths


def test_what_waitress_quotes_of_a_request_is_left_out(written):
    logging.getLogger("waitress").info("Client disconnected while serving /attachments/Luz (invented).jpg")
    logging.getLogger("waitress").warning('Malformed proxy header "X-Forwarded-For" from "::1": odd value: Luz\nMarin')
    assert "Luz" not in written.getvalue()
    assert "Marin" not in written.getvalue()
    assert written.getvalue().count("***") == 2


def test_an_exception_is_told_by_kind_and_place_never_by_its_text(written):
    try:
        try:
            int("Luz (invented)")
        except ValueError as error:
            raise KeyError("Luz (invented)") from error
    except KeyError as error:
        logging.getLogger("fieldcase").error("failed", exc_info=error)
    (line,) = written.getvalue().splitlines()
    assert "KeyError from ValueError at cli/test_logs.py:" in line
    assert "Luz" not in line


def test_nobody_writes_a_line_of_their_own(written):
    logging.getLogger("fieldcase").info("one\nlevel=error event=forged \x1b[2J")
    (line,) = written.getvalue().splitlines()
    assert "\x1b" not in line


def test_other_libraries_are_heard_only_when_they_warn(written):
    logging.getLogger("alembic.runtime").info("step")
    logging.getLogger("waitress.queue").warning("Task queue depth is 9")
    logging.getLogger("sqlalchemy").warning("beware")
    assert [line.partition("event=")[2] for line in written.getvalue().splitlines()] == ["beware"]
