"""What `fieldcase doctor` looks at between tablets and the server: the certificate, the proxy. It calls nobody else."""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

from server.cli.checks import Check
from server.settings import ANYWHERE, Settings

DAYS_BAD, DAYS_WARN = 3, 14
PATIENCE = 3.0  # seconds
RENEW = "renew it: look at certbot's or caddy's log, then reload the proxy"


def proxy(settings: Settings) -> Check:
    """A proxy is declared exactly where one stands, and nobody gets past it."""
    if not settings.behind_proxy:
        if not settings.https:
            return Check("proxy", "ok", "none is declared")
        says = "an https address and no declared proxy: all people seem to call from one place"
        return Check("proxy", "warn", says, "FIELDCASE_BEHIND_PROXY=1, since something before Fieldcase speaks TLS")
    if not settings.https and not settings.loopback:
        says = f"one is declared, and {settings.base_url} is not encrypted"
        return Check("proxy", "warn", says, "give the proxy a certificate; FIELDCASE_BASE_URL=https://...")
    if settings.host in ANYWHERE:
        says = f"whoever reaches port {settings.port} directly is believed like the proxy"
        do = "FIELDCASE_HOST=127.0.0.1, or let the firewall admit the proxy alone"
        return Check("proxy", "warn", says, do)
    return Check("proxy", "ok", f"one is declared; it finds Fieldcase at {settings.host} port {settings.port}")


def certificate(settings: Settings) -> Check:
    """Tablets can trust the certificate, for some time to come; only a proxy on this machine is asked for it."""
    if not settings.https:
        return Check("certificate", "ok", f"{settings.base_url} has none")
    address = urlsplit(settings.base_url)
    host, port = address.hostname or "", address.port or 443
    try:
        connection = _connect(host, port)
    except OSError as error:
        return Check("certificate", "bad", f"nobody answers at {host} port {port} ({error})", "start the proxy")
    if connection is None:
        by_hand = f"openssl s_client -connect {host}:{port} </dev/null | openssl x509 -noout -enddate"
        return Check("certificate", "ok", f"{host} is another machine and was not asked", f"look by hand: {by_hand}")
    with connection:
        return _examined(connection, host)


def _examined(connection: socket.socket, host: str) -> Check:
    trust = ssl.create_default_context()
    try:
        with trust.wrap_socket(connection, server_hostname=host) as secured:
            held = secured.getpeercert() or {}
            status = _health(secured, host)
    except ssl.SSLCertVerificationError as error:
        says = f"tablets do not trust it: {error.verify_message}"
        do = "tablets take certificates of public authorities alone, with the whole chain (fullchain.pem)"
        return Check("certificate", "bad", says, do)
    except (OSError, http.client.HTTPException) as error:
        return Check("certificate", "bad", f"{host} speaks no TLS ({type(error).__name__})", "see deploy/README.md")
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(held["notAfter"])), UTC)
    days = (ends - datetime.now(UTC)).days
    says = f"good until {ends:%Y-%m-%d}, {days} days"
    if days < DAYS_WARN:
        return Check("certificate", "bad" if days < DAYS_BAD else "warn", says, RENEW)
    if status != 200:
        return Check("certificate", "warn", f"{says}; /healthz answers {status}", "is fieldcase serve running?")
    return Check("certificate", "ok", f"{says}; the proxy reaches Fieldcase")


def _health(secured: ssl.SSLSocket, host: str) -> int:
    secured.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = http.client.HTTPResponse(secured)
    answer.begin()
    return answer.status


def _connect(host: str, port: int) -> socket.socket | None:
    """A connection to the proxy on this machine: by the name's own address, else by the loopback, since the name may
    lead to a router first; None when neither is here. Raises OSError where the name is here and nobody answers.
    """
    here = [place for place in _addresses(host, port) if _is_here(place[0])]
    if here:
        return socket.create_connection(here[0], timeout=PATIENCE)
    with suppress(OSError):
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    return None


def _addresses(host: str, port: int) -> Iterator[tuple[str, int]]:
    with suppress(OSError):  # A name that leads nowhere is somewhere else.
        for *_kind, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            yield str(place[0]), port


def _is_here(address: str) -> bool:
    """True when the address is one of this machine's: nobody else's can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.bind((address, 0))
        return True
    return False


REACH: tuple[Callable[[Settings], Check], ...] = (proxy, certificate)
