"""Requests go out as Collect's HTTP client sends them: sign-in, cache, redirects, repeats."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.collect.client import Client, Login, UnsupportedChallenge, collect_date, with_query
from tests.collect.faults import LinkLost
from tests.collect.openrosa import TabletError
from tests.collect.strict_server import PROJECT, Offered, Reply, StrictServer
from tests.collect.test_sync import LIST, form
from tests.collect.wire import Route

HOST = "forms.example"


@pytest.fixture
def behind_tls(server, make_tablet):
    """A tablet that reaches the server through a proxy that ended TLS."""
    server.base = f"https://{HOST}"
    server.login = ("tablet-7", "pa:ss")
    tablet = make_tablet(routes={HOST: Route("127.0.0.1", server.port, proxied=True)})
    tablet.configure(server.url, "tablet-7", "pa:ss")
    return tablet


def authorizations(server: StrictServer) -> list[bool]:
    return [seen.header("Authorization") is not None for seen in server.seen]


def test_the_date_header_has_a_clock_of_twelve_hours_and_is_in_gmt():
    nairobi = timezone(timedelta(hours=3))
    assert collect_date(datetime(2026, 8, 20, 18, 4, 5, tzinfo=nairobi)) == "Thu, 20 Aug 2026 03:04:05 GMT"
    assert collect_date(datetime(2026, 8, 20, 0, 4, 5, tzinfo=UTC)) == "Thu, 20 Aug 2026 12:04:05 GMT"


def test_the_device_id_is_added_to_whatever_query_there_is():
    assert with_query("http://x/a", deviceID="collect:aB1") == "http://x/a?deviceID=collect%3AaB1"
    assert with_query("http://x/a?b=%20c", deviceID="x y") == "http://x/a?b=%20c&deviceID=x%20y"


def test_a_secret_in_the_path_needs_no_login_at_all(server, make_tablet):
    tablet = make_tablet()
    tablet.configure(server.url)
    tablet.sync()
    assert authorizations(server) == [False]


def test_nobody_signs_in_before_being_asked_and_everybody_does_afterwards(server, behind_tls, javarosa):
    server.forms = [Offered("camp", form())]
    behind_tls.sync()
    assert authorizations(server) == [False, True, True]
    assert server.seen[0].header("Host") == HOST
    assert server.seen[0].header("X-Forwarded-Proto") == "https"
    assert behind_tls.submit(behind_tls.fill(javarosa, "camp", {"name": "Ana"})).sent
    assert authorizations(server)[3:] == [True, True]


def test_a_login_that_no_longer_holds_is_tried_twice_and_then_given_up(server, behind_tls):
    behind_tls.sync()
    server.login = ("tablet-7", "changed")
    before = len(server.seen)
    url = with_query(server.url + "/formList", deviceID=behind_tls.device_id)
    assert behind_tls.client.request("GET", url).status == 401
    assert authorizations(server)[before:] == [True, False, True]


def test_over_plain_http_a_basic_challenge_is_not_answered(server, make_tablet):
    server.login = ("tablet-7", "x")
    tablet = make_tablet()
    tablet.configure(server.url, "tablet-7", "x")
    url = with_query(server.url + "/formList", deviceID=tablet.device_id)
    assert tablet.client.request("GET", url).status == 401
    assert authorizations(server) == [False]


def test_a_digest_challenge_that_comes_first_is_one_that_this_tablet_cannot_answer(server, behind_tls):
    server.will("GET formList", Reply(401, b"", {"WWW-Authenticate": 'Digest realm="x", nonce="y"'}))
    with pytest.raises(UnsupportedChallenge):
        behind_tls.client.request("GET", with_query(server.url + "/formList", deviceID=behind_tls.device_id))


def test_a_login_is_latin_1_as_the_library_writes_it():
    assert Login("é", "€").basic() == "Basic 6To/"


def test_unchanged_answers_cost_a_304_and_look_like_200(server, make_tablet):
    server.tagged = True
    server.forms = [Offered("camp", form(), media={"a.png": b"a"})]
    tablet = make_tablet()
    tablet.configure(server.url)
    tablet.sync()
    first = len(server.seen)
    tablet.sync()
    asked = server.seen[first:]
    assert [seen.path.rpartition("/")[2] for seen in asked] == ["formList", "manifest"]
    assert all(seen.header("If-None-Match") for seen in asked)
    response = tablet.get(server.url + "/formList")
    assert (response.status, response.network, response.body) == (200, 304, server.form_list())


def test_the_cache_obeys_no_store_and_max_age(server, make_tablet):
    tablet = make_tablet()
    tablet.configure(server.url)
    secret = Reply(200, b"x", {"Cache-Control": "no-store", "ETag": '"a"'})
    server.will("GET secret", secret, secret)
    lasting = Reply(200, b"y", {"Cache-Control": "max-age=3600"})
    server.will("GET lasting", lasting)
    for name in ("secret", "secret", "lasting", "lasting"):
        tablet.get(f"{server.url}/{name}")
    assert server.acts() == ["GET secret", "GET secret", "GET lasting"]
    assert all(seen.header("If-None-Match") is None for seen in server.seen)
    kept = b"".join(path.read_bytes() for path in (tablet.folder / "cache").rglob("*") if path.is_file())
    assert b'"secret' not in kept
    assert b"/lasting?" in kept


def test_an_answer_without_a_tag_is_asked_for_again_by_its_date(server, make_tablet):
    tablet = make_tablet()
    tablet.configure(server.url)
    dated = {**LIST, "Date": "Thu, 20 Aug 2026 15:04:05 GMT"}
    server.will("GET formList", Reply(200, server.form_list(), dated))
    tablet.sync()
    tablet.sync()
    assert server.seen[1].header("If-Modified-Since")


def test_zipped_answers_are_unzipped(server, make_tablet):
    server.zipped = True
    server.forms = [Offered("camp", form())]
    tablet = make_tablet()
    tablet.configure(server.url)
    tablet.sync()
    assert tablet.form("camp").xform == form()


@pytest.fixture
def certified(tmp_path):
    """A server with a certificate for this machine, and the file of the authority that signed it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    (tmp_path / "ca.pem").write_bytes(pem)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.pem").write_bytes(pem + plain)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    server = StrictServer(tls)
    server.base = f"https://localhost:{server.port}"
    yield server, tmp_path / "ca.pem"
    server.close()
    assert server.complaints == []


def test_basic_sign_in_works_over_real_tls_and_an_unknown_authority_is_told_of(certified, make_tablet):
    server, authority = certified
    server.login = ("tablet-7", "p")
    tablet = make_tablet(tls=ssl.create_default_context(cafile=authority))
    tablet.configure(server.url, "tablet-7", "p")
    tablet.sync()
    assert authorizations(server) == [False, True]
    wary = make_tablet()
    wary.configure(server.url)
    with pytest.raises(TabletError, match="can't connect securely"):
        wary.sync()


def test_redirects_are_followed_without_the_login_when_the_host_changes(server, behind_tls):
    behind_tls.sync()
    before = len(server.seen)
    other = f"http://127.0.0.1:{server.port}{PROJECT}/formList?deviceID=collect%3A0123456789abcdef"
    server.will("GET formList", Reply(301, b"", {"Location": other}))
    behind_tls.client.request("GET", with_query(server.url + "/formList", deviceID=behind_tls.device_id))
    assert [seen.header("Host") for seen in server.seen[before:]][:2] == [HOST, f"127.0.0.1:{server.port}"]
    assert authorizations(server)[before:][:2] == [True, False]


def test_a_redirect_keeps_the_body_of_a_post_only_with_307_and_308(server, make_tablet):
    tablet = make_tablet()
    tablet.configure(server.url)
    target = {"Location": with_query(server.url + "/formList", deviceID=tablet.device_id)}
    url = with_query(server.url + "/elsewhere", deviceID=tablet.device_id)
    ways = {}
    for status in (302, 308):
        server.complaints.clear()
        server.will("POST elsewhere", Reply(status, b"", target))
        tablet.client.request("POST", url, body=[b"x"], length=1, content_type="text/plain")
        ways[status] = (server.seen[-1].method, server.seen[-1].body)
    server.complaints.clear()
    assert ways == {302: ("GET", b""), 308: ("POST", b"x")}


def test_a_408_and_a_503_that_says_so_are_repeated_once_and_other_503_are_not(server, make_tablet):
    tablet = make_tablet()
    tablet.configure(server.url)
    for replies, status, asked in (
        ([Reply(408)], 200, 2),
        ([Reply(408), Reply(408)], 408, 2),
        ([Reply(503, b"", {"Retry-After": "0"})], 200, 2),
        ([Reply(503, b"", {"Retry-After": "5"})], 503, 1),
        ([Reply(503)], 503, 1),
    ):
        server.will("GET formList", *replies)
        before = len(server.seen)
        assert tablet.get(server.url + "/formList").status == status
        assert len(server.seen) - before == asked


def test_a_pooled_connection_that_died_is_replaced_without_a_word():
    """Two connections are taken; the first is closed by the server after one answer that promised to stay."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(Login(), timeout=5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x?deviceID=collect%3A0123456789abcdef"

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                connection.recv(4096)
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        assert client.request("GET", url).body == b"ok"
        assert client.request("GET", url).body == b"ok"
        thread.join()
        client.close()


def test_a_server_that_is_silent_or_absent_is_a_lost_link():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(Login(), timeout=0.05)
        with pytest.raises(LinkLost, match="timeout"):
            client.request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/x")
        port = listener.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        Client(Login(), timeout=1).request("GET", f"http://127.0.0.1:{port}/x")
