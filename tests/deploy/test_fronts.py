"""nginx and Caddy with the configuration of deploy/, before a real server, asked by the tablet made of software."""

import base64
import http.client
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.collect.store import Instance
from tests.collect.tablet import Tablet
from tests.collect.wire import Route
from tests.deploy.fronts import HOST, Caddy, Place

_numbers = count(1)
PICTURE = "Luz (invented).jpg"


@contextmanager
def tablet(place: Place, folder: Path) -> Iterator[Tablet]:
    """A tablet that scanned the code of its own enrolment, with its forms."""
    said = place.machine.json("device", "enrol", f"Tablet {next(_numbers)}")
    route = Route("127.0.0.1", place.front.https)
    with Tablet(folder, routes={HOST: route}, tls=place.authority.client_context()) as held:
        held.scan(said["settings_qr"])
        held.sync()
        yield held


def filled(**files: bytes) -> Instance:
    """Answers of somebody who was invented, with these files."""
    number = f"uuid:00000000-0000-4000-8000-{next(_numbers):012d}"
    names = "".join(f"<note>{name}</note>" for name in files)
    said = f"<wants>yes</wants><alias>Invented</alias><followup>1</followup>{names}"
    xml = f'<data id="small" version="1">{said}<meta><instanceID>{number}</instanceID></meta></data>'
    return Instance("Small form.xml", xml.encode(), files, number, "small", "1")


def ask(
    place: Place, method: str, path: str, body: bytes | None = None, *, plain: bool = False, **headers: str
) -> http.client.HTTPResponse:
    """The answer to a request, read."""
    if plain:
        connection = http.client.HTTPConnection("127.0.0.1", place.front.http, timeout=30)
    else:
        connection = http.client.HTTPSConnection(HOST, timeout=30)
        connection.sock = place.connect()
    sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


def begun_post(held: Tablet, length: int) -> bytes:
    """The head of a post that a tablet is about to send."""
    lines = ["POST /v1/projects/1/submission HTTP/1.1", f"Host: {HOST}", f"Authorization: {held.client.login.basic()}"]
    lines += ["Content-Type: multipart/form-data; boundary=half", f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


def held_by(place: Place, instance: Instance) -> list[dict[str, Any]]:
    return [one for one in place.machine.json("submission", "list") if one["instance_id"] == instance.instance_id]


def test_a_tablet_signs_in_by_basic_and_sends_over_tls(place, tmp_path):
    with tablet(place, tmp_path) as held:
        assert held.settings.general["password"]
        assert "/key/" not in held.server_url
        assert [form.form_id for form in held.forms] == ["small"]
        instance = filled(**{PICTURE: b"picture"})
        outcome = held.submit(instance)
    assert (outcome.sent, outcome.text) == (True, "Received. Thank you.")
    (stored,) = held_by(place, instance)
    assert [one["name"] for one in stored["attachments"]] == [PICTURE]


def test_a_wrong_password_is_refused(place, tmp_path):
    with tablet(place, tmp_path) as held:
        held.configure(held.server_url, held.settings.general["username"], "wrong-password")
        outcome = held.submit(filled())
    assert "Invalid username or password" in outcome.text


def test_thirty_megabytes_pass_in_one_post_and_leave_nothing_in_the_proxys_files(place, tmp_path):
    with tablet(place, tmp_path) as held:
        instance = filled(**{"long.mp4": bytes(range(256)) * 4096 * 30})
        outcome = held.submit(instance)
        assert outcome.sent, outcome.text
        head = begun_post(held, 20_000_000)
    (stored,) = held_by(place, instance)
    assert [one["received"] for one in stored["attachments"]] == [True]
    with place.connect() as half_way:
        half_way.sendall(head + b"x" * 15_000_000)
        time.sleep(0.5)
        assert place.front.spooled() == 0


def test_an_address_with_five_hundred_ids_passes(place, tmp_path):
    ids = "%2C".join(f"uuid%3A00000000-0000-4000-8000-{number:012d}" for number in range(500))
    with tablet(place, tmp_path) as held:
        answer = held.get(f"{held.server_url}/formList?id={ids}")
    assert len(ids) > 20_000
    assert answer.status == 200


def test_no_secret_and_no_file_name_is_in_any_log(place, tmp_path):
    said = place.machine.json("device", "enrol", f"Tablet {next(_numbers)}")
    secret, key = said["secret"], f"/v1/key/{said['secret']}/projects/1"
    statuses = [
        ask(place, "GET", f"{key}/formList").status,
        ask(place, "GET", f"{key}/formList?st={secret}").status,
        ask(place, "GET", f"/v1/keys/{secret}/projects/1/formList").status,
        ask(place, "GET", f"{key}/forms/small/attachments/Luz%20invented.jpg").status,
        ask(place, "GET", f"/first/{secret}").status,
        ask(place, "DELETE", f"/v1/sessions/{secret}").status,
        ask(place, "GET", "/v1/projects", Authorization=f"Bearer {secret}").status,
        ask(place, "POST", f"{key}/submission", b"x", Content_Type="text/plain").status,
        ask(place, "GET", f"{key}/formList", plain=True).status,
        ask(place, "POST", f"{key}/submission", b"x" * 10, Content_Length="400000000").status,
    ]
    assert statuses == [200, 200, 404, 404, 404, 401, 401, 400, 403, 413]
    with tablet(place, tmp_path) as held:
        assert held.submit(filled(**{PICTURE: b"picture"})).sent
        password = held.settings.general["password"]
        basic = base64.b64encode(f"{held.settings.general['username']}:{password}".encode()).decode()
    place.stop()
    assert ask(place, "POST", f"{key}/submission", b"x").status == 503
    assert ask(place, "GET", f"/first/{secret}").status == 503
    place.start()
    time.sleep(0.3)
    log = place.written()
    assert [word for word in (secret, password, basic, "Luz") if word in log] == []
    assert "/v1/key/***/projects/1/submission" in log


def test_a_client_that_does_not_finish_its_headers_is_cut_and_holds_up_nobody(place, tmp_path):
    with ExitStack() as stack:
        slow = [stack.enter_context(place.connect()) for _ in range(40)]
        for connection in slow:
            connection.sendall(f"POST /v1/projects/1/submission HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode())
        with tablet(place, tmp_path) as held:
            begun = time.monotonic()
            assert held.submit(filled()).sent
            assert time.monotonic() - begun < 5
        assert [cut(connection, within=10) for connection in slow] == [True] * 40


def test_a_client_that_stops_in_its_body_is_cut(place, tmp_path):
    with tablet(place, tmp_path) as held:
        head = begun_post(held, 5000)
    with place.connect() as connection:
        connection.sendall(head + b"--half")
        assert cut(connection, within=25)


def cut(connection: ssl.SSLSocket, *, within: float) -> bool:
    """True when the other end has closed, whatever it said before."""
    connection.settimeout(within)
    try:
        while connection.recv(65536):
            continue
    except TimeoutError:
        return False
    except OSError:
        return True  # A reset is no friendly end, but one.
    return True


def test_plain_http_leads_browsers_to_https_and_tells_tablets_so(place):
    page = ask(place, "GET", "/cases?page=2", plain=True, Host=HOST)
    assert (page.status, page.headers["Location"]) == (301, f"https://{HOST}/cases?page=2")
    for method in ("GET", "POST"):
        refused = ask(place, method, "/v1/projects/1/submission", plain=True)
        assert (refused.status, refused.headers["Location"]) == (403, None)
        assert "OpenRosaResponse" in refused.text
        assert "https alone" in refused.text


def test_other_names_get_no_certificate_and_no_page(place):
    with pytest.raises(ssl.SSLError):
        place.connect("other.example.org")
    try:
        answer = ask(place, "GET", "/sign-in", plain=True, Host="other.example.org")
    except (http.client.HTTPException, ConnectionError):
        return  # nginx hangs up.
    assert (answer.text, answer.headers["Location"]) == ("", None)


def test_what_the_caller_claims_about_itself_is_not_believed(place):
    claims = {"X_Forwarded_For": "127.0.0.1", "X_Forwarded_Host": "evil.example.org", "X_Forwarded_Proto": "http"}
    claims |= {"Forwarded": "for=127.0.0.1;host=evil.example.org;proto=http"}
    page = ask(place, "GET", "/sign-in", **claims)
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "evil" not in page.text
    forms = ask(place, "GET", "/v1/projects/1/formList", **claims)
    assert (forms.status, forms.headers["WWW-Authenticate"]) == (401, 'Basic realm="Fieldcase"')


def test_figures_are_read_at_the_node_and_not_through_the_proxy(place):
    assert ask(place, "GET", "/metrics").status == 404
    assert ask(place, "GET", "//metrics").status == 404
    assert ask(place, "GET", "/%6detrics").status == 404
    connection = http.client.HTTPConnection("127.0.0.1", place.node, timeout=30)
    connection.request("GET", "/metrics")
    assert connection.getresponse().status == 200
    connection.close()


def test_while_the_node_is_away_the_tablet_is_told_and_keeps_its_answers(place, tmp_path):
    with tablet(place, tmp_path) as held:
        place.stop()
        instance = filled()
        outcome = held.submit(instance)
        answer = ask(place, "GET", "/healthz")
        assert not outcome.sent
        assert outcome.text == "Error: The server is away for a moment. Nothing is lost; send again later."
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert "try again in a minute" in answer.text
        place.start()
        assert held.submit(instance).sent


def test_doctor_finds_the_certificate_on_this_machine(place, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(place.authority.trusted))
    result = place.machine.run("doctor", FIELDCASE_BASE_URL=f"https://{HOST}:{place.front.https}")
    (line,) = [line for line in result.stdout.splitlines() if " certificate " in line]
    assert line.startswith("ok")
    assert line.endswith("29 days; the proxy reaches Fieldcase")


def test_two_hundred_connections_of_one_office_are_served(place, tmp_path):
    if isinstance(place.front, Caddy):
        return  # Caddy counts no connections.
    done: list[bool] = []
    with ExitStack() as stack, tablet(place, tmp_path) as held:
        for _ in range(190):
            stack.enter_context(place.connect())
        threads = [threading.Thread(target=lambda: done.append(held.submit(filled()).sent)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done == [True] * 5
