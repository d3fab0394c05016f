"""A serving process that meets names, answers and secrets in every place writes none of them into its log."""

import http.client
import json
import time
from urllib.parse import quote

from tests.server.cli.conftest import BOUNDARY, Fieldcase, Server, multipart, wait_until

NAME = "Zenaida Planted"  # invented, as all that follows
PLANTED = ("Zenaida", "Planted", "zenaida", "Quetzaltepec", "hunter2", "bm8tdG9rZW4")
# What no test can provoke from outside: a fault of ours whose text quotes answers.
FAULTS = """
import submissions.receive
from cases.plan import Planner
kept, planned = submissions.receive.receive, Planner.plan
def receive(session, instance, *rest, **more):
    if b"a fault in receiving" in instance.xml:
        raise ValueError(instance.xml.decode())
    return kept(session, instance, *rest, **more)
def plan(planner, answers):
    if any(answer.text == "a fault in filing" for answer in answers):
        raise KeyError("Zenaida Planted of Quetzaltepec") from ValueError("hunter2")
    return planned(planner, answers)
submissions.receive.receive, Planner.plan = receive, plan
"""


def xml(number: int, alias: str = NAME, form: str = "small", more: str = "") -> str:
    meta = f"<meta><instanceID>uuid:00000000-0000-4000-8000-{number:012d}</instanceID></meta>"
    said = f"<wants>yes</wants><alias>{alias}</alias><followup>1</followup>{more}"
    return f'<data id="{form}" version="1">{said}{meta}</data>'


def ask(server: Server, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    status = connection.getresponse().status
    connection.close()
    return status


def raw(server: Server, request: bytes) -> None:
    """Bytes that are no proper request; whatever the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    connection.sock.sendall(request)
    connection.sock.recv(65536)
    connection.close()


def provoke(fieldcase: Fieldcase, server: Server, secret: str) -> dict[str, int]:
    """Everything that goes wrong, with names in it; the status of each."""
    tablet, posted = f"/v1/key/{secret}/projects/1", {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}"}

    def post(content: str, *files: tuple[str, bytes], where: str = tablet, **headers: str) -> int:
        return ask(
            server,
            "POST",
            f"{where}/submission?deviceID={quote(NAME)}",
            multipart(content, *files),
            **posted,
            **headers,
        )

    form = {"Content_Type": "application/x-www-form-urlencoded"}
    login = b"email=zenaida%40example.org&password=hunter2"
    credentials, typed = {"email": "zenaida@example.org", "password": "hunter2"}, {"Content_Type": "application/json"}
    named = quote(f"{NAME}.jpg")
    return {
        "received": post(xml(1), (f"{NAME}.jpg", b"Quetzaltepec"), User_Agent=NAME, Cookie=f"language={NAME}"),
        "other answers under its number": post(xml(1, alias="Zenaida of Quetzaltepec")),
        "unknown form": post(xml(2, form="ZenaidaPlanted")),
        "unknown version": post(xml(3).replace('version="1"', 'version="Planted"')),
        "broken XML": post(xml(4).replace("</data>", "")),
        "a document type": post(f'<!DOCTYPE data [<!ENTITY who "{NAME}">]>{xml(5)}'),
        "no date": post(xml(6, more="<born>Quetzaltepec</born>")),
        "a zero byte": post(xml(7, alias="Zenaida&#0;Planted")),
        "a fault in receiving": post(xml(8, more="<note>a fault in receiving</note>")),
        "a fault in filing": post(xml(9, alias="a fault in filing")),
        "cut short": ask(server, "POST", f"{tablet}/submission", multipart(xml(10))[:-30], **posted),
        "another tablet's secret": post(xml(11), where="/v1/key/bm8tdG9rZW4/projects/1"),
        "no such page": ask(server, "GET", f"/{named}?who={named}", Referer=f"http://127.0.0.1/{named}"),
        "no such file": ask(server, "GET", f"{tablet}/forms/small/attachments/{named}"),
        "a mistyped secret place": ask(server, "GET", f"/v1/keys/{secret}/projects/1/formList"),
        "no such case": ask(server, "GET", f"/cases/{named}"),
        "a session ended by token": ask(server, "DELETE", f"/v1/sessions/{secret}"),
        "wrong password": ask(server, "POST", "/sign-in", login, **form),
        "wrong password of a script": ask(server, "POST", "/v1/sessions", json.dumps(credentials).encode(), **typed),
        "nonsense of a script": ask(server, "POST", "/v1/sessions", b'{"email": "zenaida', **typed),
        "a strange method": ask(server, "ZENAIDA", "/"),
    }


def test_no_name_no_answer_and_no_secret_reaches_the_log(fieldcase):
    fieldcase.publish()
    secret = fieldcase.json("device", "enrol", NAME)["secret"]
    with fieldcase.serving("tablet,desk,api", code=FAULTS) as server:
        statuses = provoke(fieldcase, server, secret)
        raw(server, b"GET /Zenaida HTTP/9.9\r\n\r\n")
        raw(server, b"POST /submission HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZenaida\r\n")
        raw(server, b"GET / HTTP/1.1\r\nHost: Zenaida\r\nX-Planted: " + b"Quetzaltepec " * 9000 + b"\r\n\r\n")
        wait_until(lambda: "pending" not in {row["filing"] for row in fieldcase.json("submission", "list")})
        time.sleep(1)
        server.stop()
        log = server.log.read_text()
    expected = {"received": 201, "a fault in receiving": 500, "a fault in filing": 201, "unknown version": 202}
    assert {name: statuses[name] for name in expected} == expected
    assert all(
        status >= 400
        for name, status in statuses.items()
        if name not in {*expected, "no date", "other answers under its number"}
    ), statuses
    assert [word for word in (*PLANTED, secret) if word in log] == []
    assert len(log.splitlines()) > len(statuses)
    assert all(line.startswith("timestamp=") for line in log.splitlines()), log
    assert log.count("event=failed") == 1
    assert "ValueError at " in log
    assert "could not be filed: KeyError" in log
    assert "KeyError from ValueError at " in log


def test_an_answer_and_its_line_in_the_log_share_an_id(embedded):
    with embedded.serving("desk") as server:
        missing = server.get("/no-such-page").headers["X-Request-Id"]
        well, counted = server.get("/healthz"), server.get("/metrics")
        server.stop()
        (line,) = [line for line in server.log.read_text().splitlines() if f"request_id={missing}" in line]
    assert "event=answered" in line
    assert "path=/*** status=404" in line
    assert (well.status, counted.status) == (200, 200)
    for quiet in (well, counted):
        assert quiet.headers["X-Request-Id"] not in server.log.read_text()
