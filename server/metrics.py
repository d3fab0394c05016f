"""What Prometheus reads at /metrics: how many, how fast, how full; routes, states and counts, never names or ids."""

import hmac
import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from server import figures
from server.access import address
from server.health import Health
from server.runtime import Runtime, clock
from server.settings import Settings
from storage.database import DatabaseUnavailable

log = logging.getLogger("fieldcase")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FRESH = 10.0  # seconds for which figures from the database hold, however often somebody asks
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
SIGN_INS = frozenset({"desk.start_session", "api.start_session"})
NO_ROUTE = "none"


def measure(app: Flask, running: Runtime, health: Health) -> None:
    """Every answer is counted and timed, and who may read it finds the count at /metrics."""
    registry = CollectorRegistry()
    disable_created_metrics()  # type: ignore[no-untyped-call]
    ProcessCollector(registry=registry)
    registry.register(Installation(running, health))
    app.after_request(Answers(registry).count)

    def metrics() -> Response:
        if not may_read(running.settings):
            raise NotFound
        return Response(generate_latest(registry), content_type=CONTENT_TYPE)

    app.add_url_rule("/metrics", "metrics", metrics)


def may_read(settings: Settings) -> bool:
    """True for this machine itself, and for whoever sends the token that is set.

    Behind a proxy that is not declared every request seems to come from this machine: then only the token counts.
    """
    login = request.authorization
    if settings.metrics_token and login is not None and login.type == "bearer":
        return hmac.compare_digest((login.token or "").encode(), settings.metrics_token.encode())
    hidden = settings.https and not settings.behind_proxy
    return not hidden and _is_loopback(address())


class Answers:
    """Counts and times answers. The series of a route are found once and kept, since each request needs them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        more: dict[str, Any] = {"registry": registry}
        self._requests = Counter(
            "fieldcase_requests_total", "Answers by route and status.", ("route", "status"), **more
        )
        self._seconds = Histogram(
            "fieldcase_request_seconds", "Seconds until the answer began.", ("route",), buckets=BUCKETS, **more
        )
        self._submissions = Counter(
            "fieldcase_submissions_total", "Posts by what became of them.", ("receipt",), **more
        )
        self._refused = Counter("fieldcase_sign_in_failures_total", "Logins that were refused.", ("who",), **more)
        self._kept: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        for who in ("person", "tablet"):
            self._refused.labels(who)

    def count(self, answer: Response) -> Response:
        """The answer is counted under its route's name, never under its path."""
        route, status = request.endpoint or NO_ROUTE, answer.status_code
        held = self._kept.get((route, status))
        if held is None:
            held = self._requests.labels(route, str(status)), self._seconds.labels(route)
            self._kept[route, status] = held
        held[0].inc()
        held[1].observe(time.perf_counter() - g.begun)
        if "receipt" in g:
            self._submissions.labels(g.receipt).inc()
        if status in {401, 429} and (who := _who_failed(route, status)):
            self._refused.labels(who).inc()
        return answer


class Installation(Collector):
    """What the database and the disks say, asked at most every ten seconds."""

    def __init__(self, running: Runtime, health: Health) -> None:
        self._running, self._health = running, health
        self._lock = threading.Lock()
        self._held: list[GaugeMetricFamily] = []
        self._until = 0.0

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing, so that registering asks the database nothing."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures; while the database does not answer, those that need it are left out."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._held = [*self._outside(), *self._inside()]
                self._until = time.monotonic() + FRESH
            yield from self._held

    def _outside(self) -> Iterator[GaugeMetricFamily]:
        settings = self._running.settings
        yield _gauge("info", "The version that runs.", {version("fieldcase"): 1}, "version")
        yield _gauge("locked", "1 while this process cannot open what is stored.", {"": not self._running.unlocked})
        places = {"data": settings.data_dir, "backup": settings.backup_dir, "mirror": settings.mirror_dir}
        free = {place: figures.free_bytes(folder) for place, folder in places.items() if folder is not None}
        yield _gauge("disk_free_bytes", "Room left where the folder is.", free, "place")

    def _inside(self) -> Iterator[GaugeMetricFamily]:
        up = self._health.answers()  # First, since a database that hangs would hold a thread for each question.
        try:
            if up:
                with self._running.database.read() as session:
                    yield from _counted(session, clock())
        except DatabaseUnavailable as error:
            log.warning("the database's figures are missing: %s", type(error).__name__)
            up = False
        yield _gauge("database_up", "1 while the database answers within a second.", {"": up})


def _counted(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    states = {str(state): count for state, count in figures.filing_counts(session).items()}
    yield _gauge("submissions", "Submissions by what has become of them.", states, "filing")
    oldest = figures.oldest_pending(session)
    lag = max(0.0, (now - oldest).total_seconds()) if oldest else 0
    yield _gauge("filing_lag_seconds", "How long the oldest pending submission has waited.", {"": lag})
    yield _gauge("database_bytes", "How much room the database takes.", {"": figures.database_bytes(session)})
    tablets = figures.count_tablets(session, now=now)
    counts = {"heard": tablets.heard, "silent": tablets.silent}
    yield _gauge("tablets", "Tablets that may send: heard from within 7 days, and silent.", counts, "state")
    moments = {
        "periodic_work_late_seconds": figures.work_ended(session),
        "backup_age_seconds": figures.last_backup(session),
    }
    words = {
        "periodic_work_late_seconds": "For how long nobody has done the periodic work.",
        "backup_age_seconds": "How old the newest finished backup is.",
    }
    for name, moment in moments.items():
        if moment is not None:
            yield _gauge(name, words[name], {"": max(0.0, (now - moment).total_seconds())})


def _gauge(name: str, words: str, values: dict[str, Any], label: str = "") -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"fieldcase_{name}", words, labels=[label] if label else [])
    for value, figure in values.items():
        family.add_metric([value] if label else [], float(figure))
    return family


def _who_failed(route: str, status: int) -> str:
    """Whose login was refused: a request that brought none is no failure, since tablets and browsers ask that way."""
    if g.get("door") == "tablet":
        brought = "Authorization" in request.headers or request.path.startswith(("/v1/key/", "/v1/test/"))
        return "tablet" if brought and status == 401 else ""
    return "person" if route in SIGN_INS or "Authorization" in request.headers else ""


def _is_loopback(place: str) -> bool:
    try:
        held = ip_address(place)
    except ValueError:
        return False
    return bool((getattr(held, "ipv4_mapped", None) or held).is_loopback)
