"""`fieldcase serve` and `fieldcase worker` as real processes."""

import http.client
import signal
import socket
import time

import pytest

from server.sole import only_server
from tests.server.cli.conftest import BOUNDARY, Fieldcase, free_port, multipart, wait_until
from tests.server.cli.test_setting_up import later_version

ANSWERS = '<data id="small" version="1"><wants>yes</wants><alias>Luz</alias><followup>1</followup>{meta}</data>'


def answers(number: int) -> str:
    """The answers of a person who was invented, under an instance id of their own."""
    meta = f"<meta><instanceID>uuid:00000000-0000-4000-8000-{number:012d}</instanceID></meta>"
    return ANSWERS.format(meta=meta)


def tablet(fieldcase: Fieldcase) -> str:
    """The path that an enrolled tablet sends to; the small form is published."""
    fieldcase.publish()
    secret = fieldcase.json("device", "enrol", "Tablet 01")["secret"]
    return f"/v1/key/{secret}/projects/1/submission"


def filing(fieldcase: Fieldcase) -> list[str]:
    return [row["filing"] for row in fieldcase.json("submission", "list")]


def test_serving_takes_in_files_and_chains_while_commands_work_beside_it(fieldcase):
    path = tablet(fieldcase)
    with fieldcase.serving() as server:
        assert server.get("/healthz").status == 200
        assert server.post(path, multipart(answers(1))) == 201
        assert fieldcase.run("device", "enrol", "Tablet 02").exit_code == 0
        wait_until(lambda: filing(fieldcase) == ["filed"])
        assert len(fieldcase.json("case", "list")) == 1
        wait_until(lambda: fieldcase.json("audit", "verify")["not_numbered_yet"] == 0)
        assert server.stop() == 0
    assert fieldcase.json("audit", "verify") == {"whole": True, "broken_at": None, "not_numbered_yet": 0}


def test_a_form_published_beside_the_server_is_offered_at_once(embedded):
    path = tablet(embedded).replace("submission", "formList")
    with embedded.serving() as server:
        assert "<formID>small</formID>" in server.get(path).text
        assert embedded.run("form", "close", "small").exit_code == 0
        assert "<formID>small</formID>" not in server.get(path).text
        assert embedded.run("form", "open", "small").exit_code == 0
        assert "<formID>small</formID>" in server.get(path).text
        assert embedded.run("device", "revoke", "Tablet 01").exit_code == 0
        assert server.get(path).status == 401


def test_the_first_link_is_told_until_somebody_has_an_account(embedded):
    with embedded.serving("desk") as server:
        link = server.said["first_link"]
        assert link.startswith(f"http://127.0.0.1:{server.port}/first/")
        assert server.get(link.partition(str(server.port))[2]).status == 200
        made = embedded.json("person", "add", "ana@example.org", "--name", "Ana (invented)", "--role", "manager")
        assert server.get(made["link"].partition("8080")[2]).status == 200
    with embedded.serving("desk") as server:
        assert server.said["first_link"] is None


def test_what_has_begun_is_finished_before_the_server_stops(embedded):
    path, body = tablet(embedded), multipart(answers(1))
    with embedded.serving() as server:
        slow = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        slow.putrequest("POST", path)
        slow.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        slow.putheader("Content-Length", str(len(body)))
        slow.endheaders(body[:200])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        with pytest.raises(ConnectionRefusedError):
            server.get("/healthz")
        slow.send(body[200:])
        assert slow.getresponse().status == 201
        slow.close()
        assert server.process.wait(timeout=30) == 0
    assert len(embedded.json("submission", "list")) == 1


def test_a_client_that_never_finishes_does_not_keep_the_server_from_stopping(embedded):
    with embedded.serving() as server, socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(b"POST /v1/key/x/projects/1/submission HTTP/1.1\r\n")
        time.sleep(0.5)
        begun = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert time.monotonic() - begun < 20


def test_a_second_server_on_one_sqlite_is_refused(embedded):
    with embedded.serving() as server:
        done = embedded.process("serve", FIELDCASE_PORT=str(free_port()))
        assert done.returncode == 1
        assert f"(process {server.process.pid})" in done.stderr
        assert done.stderr.count("\n") == 1
        server.stop(signal.SIGKILL)
    with embedded.serving() as server:
        assert server.get("/healthz").status == 200


def test_the_lock_goes_with_the_block(tmp_path):
    for _ in range(2):
        with only_server(tmp_path / "fieldcase.db"):
            pass


def test_a_port_that_is_taken_is_told_in_one_line(embedded):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        done = embedded.process("serve", "--port", str(held.getsockname()[1]), "--doors", "tablet")
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert done.stderr.count("\n") == 1


def test_serve_brings_an_older_sqlite_up_to_date_after_a_copy(embedded):
    migrations = later_version(embedded.folder)
    code = (
        "import pathlib, storage.schema, storage.revision\n"
        f"storage.schema.FOLDER = pathlib.Path({str(migrations)!r})\n"
        "storage.revision.VERSIONS = storage.schema.FOLDER / 'versions'"
    )
    with embedded.serving(code=code) as server:
        assert server.get("/healthz").status == 200
        server.stop()
    assert len(list(embedded.data.glob("fieldcase.db.before-*"))) == 1
    assert "newer Fieldcase" in embedded.run("form", "list").stderr


def test_only_the_doors_that_are_named_are_open(embedded):
    path = tablet(embedded)
    with embedded.serving("desk") as server:
        assert server.get(path, "HEAD").status == 404
        assert server.get("/sign-in").status == 200
    with embedded.serving("tablet") as server:
        assert server.get(path, "HEAD").status == 204
        assert server.get("/sign-in").status == 404
        assert server.said["first_link"] is None


def test_the_log_has_each_request_without_secrets_and_answers(embedded):
    path = tablet(embedded)
    with embedded.serving("tablet,desk") as server:
        assert server.post(path, multipart(answers(1), ("Luz.jpg", b"picture"))) == 201
        answer = server.get(server.said["first_link"].partition(str(server.port))[2])
        wait_until(lambda: filing(embedded) == ["filed"])
        server.stop()
        log = server.log.read_text()
    assert f"request_id={answer.headers['X-Request-Id']}" in log
    assert "path=/v1/key/***/projects/1/submission status=201" in log
    assert "path=/first/*** " in log
    for hidden in (path.split("/")[3], server.said["first_link"].rpartition("/")[2], "Luz"):
        assert hidden not in log


def test_an_intake_node_takes_in_what_only_the_key_file_opens(fieldcase):
    path, key = tablet(fieldcase), fieldcase.folder / "intake.key"
    assert fieldcase.run("key", "intake", str(key)).exit_code == 0
    away = fieldcase.key.rename(fieldcase.folder / "away.key")
    with fieldcase.serving(FIELDCASE_INTAKE_KEY_FILE=str(key)) as server:
        assert server.post(path, multipart(answers(1), ("Luz.jpg", b"picture"))) == 201
        time.sleep(3)
        assert "waits" not in server.log.read_text()
    locked = fieldcase.run("submission", "list", FIELDCASE_INTAKE_KEY_FILE=str(key))
    assert (locked.exit_code, locked.stderr.count("\n")) == (1, 1)
    assert "intake key alone" in locked.stderr
    away.rename(fieldcase.key)
    assert filing(fieldcase) == ["pending"]
    with fieldcase.serving():
        wait_until(lambda: filing(fieldcase) == ["filed"])


def test_a_worker_is_for_postgresql(embedded):
    result = embedded.run("worker")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "serve` files by itself" in result.stderr


def test_a_worker_files_what_a_serving_process_took_in(bare, request):
    bare.environment["FIELDCASE_DATABASE_URL"] = request.getfixturevalue("new_postgresql")()
    assert bare.run("init").exit_code == 0
    path = tablet(bare)
    with bare.serving(FIELDCASE_FILING="worker") as server:
        assert server.post(path, multipart(answers(1))) == 201
        time.sleep(1)
        assert filing(bare) == ["pending"]
        worker, _said = bare.spawn("worker", log=bare.folder / "worker.log")
        wait_until(lambda: filing(bare) == ["filed"])
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
