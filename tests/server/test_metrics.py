"""/metrics and /healthz: what those who watch an installation read, and who may."""

import io
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Response, g
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, update

from accounts.projects import set_up
from accounts.tables import Device
from server.app import create_app
from server.metrics import Answers
from server.runtime import Runtime, clock
from server.settings import DOORS, BadSetting, Settings, read_settings
from server.tablet.offers import Offers
from storage.custody import Backup
from storage.database import Database
from storage.files import LocalFiles
from storage.lease import take_lease
from submissions.tables import Submission
from tests.make import YES, Make
from tests.tree import ROOT

TOKEN = "an-invented-token-of-some-length"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
NAME, ANSWER = "Invented Tablet Zora", "Luz-invented"


class Installation:
    """An application over a real database, with one form and one tablet."""

    def __init__(self, database: Database, folder: Path, **settings) -> None:
        chosen = replace(
            Settings(data_dir=folder / "data", key_file=folder / "master.key"),
            **{"doors": ("tablet", "desk"), **settings},
        )
        self.database = database
        self.files = LocalFiles(folder / "files")
        self.app = create_app(running=Runtime(chosen, database, self.files, Offers(database)))
        self.secret = ""

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    @contextmanager
    def making(self) -> Iterator[Make]:
        with self.database.begin() as session:
            yield Make(session, self.files, clock())

    def publish(self) -> None:
        """The small form is published and a tablet enrolled."""
        with self.making() as make:
            make.form()
            self.secret = make.secret(NAME)

    def post(self, number: int, answers: str = YES) -> int:
        """The status of a submission."""
        meta = f"<meta><instanceID>uuid:00000000-0000-4000-8000-{number:012d}</instanceID></meta>"
        xml = f'<data id="small" version="1">{answers}{meta}</data>'
        path = f"/v1/key/{self.secret}/projects/1/submission"
        return self.client.post(path, data={"xml_submission_file": (io.BytesIO(xml.encode()), "Luz.xml")}).status_code

    def page(self) -> str:
        answer = self.client.get("/metrics")
        assert answer.status_code == 200
        return answer.text

    def figures(self) -> dict[str, float]:
        """Every figure by its name and labels, as Prometheus reads the page."""
        families = text_string_to_metric_families(self.page())
        return {
            one.name + "".join(f" {label}={value}" for label, value in sorted(one.labels.items())): one.value
            for family in families
            for one in family.samples
        }


@pytest.fixture
def installation(database, tmp_path) -> Installation:
    """On SQLite and on PostgreSQL in turn, for what is asked of the database."""
    return Installation(database, tmp_path)


@pytest.fixture
def on_sqlite(sqlite_template, keys, tmp_path) -> Iterator[Database]:
    """A database for what has nothing to do with it."""
    shutil.copy(sqlite_template, tmp_path / "fieldcase.db")
    held = Database(f"sqlite:///{tmp_path / 'fieldcase.db'}", keys)
    with held.begin() as session:
        set_up(session)
    yield held
    held.close()


@pytest.fixture
def embedded(on_sqlite, tmp_path) -> Installation:
    return Installation(on_sqlite, tmp_path)


def test_answers_are_counted_and_timed_by_route_and_status_never_by_path(embedded):
    embedded.publish()
    assert embedded.post(1) == 201
    assert embedded.client.get("/cases/TIP-7K3Q-9").status_code == 401
    assert embedded.client.get("/no/such/page").status_code == 404
    found = embedded.figures()
    assert found["fieldcase_requests_total route=tablet.submit status=201"] == 1
    assert found["fieldcase_requests_total route=desk.case status=401"] == 1
    assert found["fieldcase_requests_total route=none status=404"] == 1
    assert found["fieldcase_request_seconds_count route=tablet.submit"] == 1
    assert 0 < found["fieldcase_request_seconds_sum route=tablet.submit"] < 30


def test_submissions_are_counted_by_what_became_of_them(installation):
    installation.publish()
    assert [installation.post(1), installation.post(1), installation.post(1, "<wants>no</wants>")] == [201, 201, 202]
    assert installation.client.head(f"/v1/key/{installation.secret}/projects/1/submission").status_code == 204
    found = installation.figures()
    receipts = {name.partition("receipt=")[2]: count for name, count in found.items() if "receipt=" in name}
    assert receipts == {"stored": 1, "already held": 1, "conflict": 1}
    assert found["fieldcase_submissions filing=pending"] == 1
    assert found["fieldcase_submissions filing=conflict"] == 1
    assert found["fieldcase_submissions filing=set aside"] == 0


def test_the_lag_of_filing_is_the_age_of_what_waits_longest(installation):
    assert installation.figures()["fieldcase_filing_lag_seconds"] == 0
    other = Installation(installation.database, installation.files.folder)
    other.publish()
    assert [other.post(1), other.post(2)] == [201, 201]
    with other.database.begin() as session:
        early = update(Submission).where(Submission.instance_id.endswith("1"))
        session.execute(early.values(received_at=clock() - timedelta(minutes=10)))
    assert 595 < other.figures()["fieldcase_filing_lag_seconds"] < 660


def test_disks_the_database_the_process_and_the_tablets_are_told(installation):
    with installation.making() as make:
        make.secret(NAME)
        make.secret("Tablet 08")
        late = clock() - timedelta(days=8)
        make.session.execute(update(Device).where(Device.name == NAME).values(enrolled_at=late))
    found = installation.figures()
    assert (found["fieldcase_tablets state=heard"], found["fieldcase_tablets state=silent"]) == (1, 1)
    assert found["fieldcase_disk_free_bytes place=data"] > 0
    assert found["fieldcase_database_bytes"] > 100_000
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert found["process_open_fds"] > 3
    assert (found["fieldcase_database_up"], found["fieldcase_locked"]) == (1, 0)


def test_a_locked_process_says_so(on_sqlite, tmp_path):
    on_sqlite.keys = on_sqlite.keys.intake
    assert Installation(on_sqlite, tmp_path).figures()["fieldcase_locked"] == 1


def test_refused_logins_are_counted_and_questions_without_login_are_not(on_sqlite, tmp_path):
    embedded = Installation(on_sqlite, tmp_path, doors=DOORS)
    embedded.publish()
    client = embedded.client
    assert client.get("/v1/projects/1/formList").status_code == 401  # Collect always asks without a login first.
    assert client.get("/v1/projects").status_code in {401, 403}
    assert client.get("/v1/key/wrong/projects/1/formList").status_code == 401
    for _ in range(2):
        wrong = {"email": "zora@example.org", "password": "wrong"}
        assert client.post("/sign-in", data=wrong).status_code == 401
    assert client.post("/v1/sessions", json=wrong).status_code == 401
    found = embedded.figures()
    assert found["fieldcase_sign_in_failures_total who=tablet"] == 1
    assert found["fieldcase_sign_in_failures_total who=person"] == 3


def test_the_page_names_nobody_and_nothing(embedded):
    embedded.publish()
    assert embedded.post(1, f"<wants>yes</wants><alias>{ANSWER}</alias><followup>1</followup>") == 201
    embedded.client.post("/sign-in", data={"email": "zora@example.org", "password": ANSWER})
    embedded.client.get(f"/{ANSWER}?name={ANSWER}", headers={"User-Agent": ANSWER})
    page = embedded.page()
    for hidden in (NAME, ANSWER, "zora", "Luz", embedded.secret, "00000000-0000", "small", str(Path.home())):
        assert hidden not in page
    assert not re.search(r"TIP-|uuid:|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", page)


def test_only_this_machine_and_who_has_the_token_may_read(on_sqlite, tmp_path):
    open_to_token = Installation(on_sqlite, tmp_path, metrics_token=TOKEN)
    closed = Installation(on_sqlite, tmp_path)

    def status(where: Installation, *, token: str = "", **environ: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return where.client.get("/metrics", headers=headers, environ_base=environ).status_code

    assert status(closed) == 200
    assert status(closed, REMOTE_ADDR="::1") == 200
    assert status(closed, REMOTE_ADDR="::ffff:127.0.0.1") == 200
    assert status(closed, **ELSEWHERE) == 404
    assert status(closed, token=TOKEN, **ELSEWHERE) == 404
    assert status(open_to_token, token=TOKEN, **ELSEWHERE) == 200
    assert status(open_to_token, token=TOKEN + "x", **ELSEWHERE) == 404
    assert status(open_to_token, REMOTE_ADDR="nonsense") == 404
    assert TOKEN not in repr(read_settings({"FIELDCASE_METRICS_TOKEN": TOKEN}))


def test_a_short_token_is_refused_without_being_said():
    with pytest.raises(BadSetting, match="FIELDCASE_METRICS_TOKEN must have at least 16") as refusal:
        read_settings({"FIELDCASE_METRICS_TOKEN": "short-one"})
    assert "short-one" not in str(refusal.value)


def test_behind_a_proxy_everybody_else_is_elsewhere(on_sqlite, tmp_path):
    declared = Installation(on_sqlite, tmp_path, base_url="https://fieldcase.example.org", behind_proxy=True)
    hop = {"X-Forwarded-For": "127.0.0.1, 192.0.2.7", "X-Forwarded-Proto": "https"}
    assert declared.client.get("/metrics", headers=hop).status_code == 404
    assert declared.client.get("/metrics").status_code == 200
    undeclared = Installation(on_sqlite, tmp_path, base_url="https://fieldcase.example.org")
    assert undeclared.client.get("/metrics").status_code == 404


def test_the_database_is_asked_once_in_ten_seconds_however_often_somebody_reads(installation):
    asked = []
    event.listen(installation.database.engine, "before_cursor_execute", lambda *statement: asked.append(statement[2]))
    installation.page()
    once = len(asked)
    assert once > 5
    for _ in range(5):
        installation.page()
    assert len(asked) == once


def test_counting_an_answer_costs_next_to_nothing(embedded):
    answers, answer = Answers(CollectorRegistry()), Response("ok", 201)
    with embedded.app.test_request_context("/healthz"):
        g.begun, g.receipt = time.perf_counter(), "stored"
        begun = time.process_time()
        for _ in range(5000):
            answers.count(answer)
        assert (time.process_time() - begun) / 5000 < 0.0001  # seconds; 7 millionths where this was written


@pytest.fixture
def silence() -> Iterator[int]:
    """A port where somebody takes calls and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


def test_health_is_said_and_nothing_else(embedded):
    answer = embedded.client.get("/healthz", environ_base=ELSEWHERE)
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_health_is_refused_at_once_where_there_is_no_database(keys, tmp_path):
    lost = Database(f"sqlite:///{tmp_path}/gone/fieldcase.db", keys)
    answer = Installation(lost, tmp_path).client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "unavailable\n")
    lost.close()


def test_a_database_that_hangs_is_no_health_within_a_second_and_takes_one_thread(keys, tmp_path, silence):
    hanging = Database(f"postgresql://fieldcase:secret@127.0.0.1:{silence}/fieldcase", keys)
    installation = Installation(hanging, tmp_path)
    begun, said = time.monotonic(), []
    asking = [threading.Thread(target=lambda: said.append(installation.client.get("/healthz"))) for _ in range(8)]
    for thread in asking:
        thread.start()
    time.sleep(0.2)
    assert sum(thread.name == "health" for thread in threading.enumerate()) == 1
    for thread in asking:
        thread.join()
    assert time.monotonic() - begun < 2
    assert [answer.status_code for answer in said] == [503] * 8
    assert installation.figures()["fieldcase_database_up"] == 0
    hanging.close()


@pytest.mark.parametrize("document", ["docs/deployment.md", "deploy/alerts.yml"])
def test_every_figure_that_is_written_about_is_there(embedded, document):
    with embedded.making() as make:
        take_lease(make.session, "clockwork", "somebody", now=clock() - timedelta(hours=1))
        make.session.add(Backup(id="0" * 32, begun_at=clock(), finished_at=clock(), kept=True, place="elsewhere"))
    embedded.publish()
    assert embedded.post(1) == 201
    found = embedded.figures()
    there = {re.sub(r"_(count|sum|bucket)$", "", name.partition(" ")[0]) for name in found}
    figure = r"\b(?:fieldcase|process)_[a-z_]+(?:_total|_bytes|_seconds|_up|_fds)\b"
    named = set(re.findall(figure, (ROOT / document).read_text()))
    assert len(named) > 5
    assert named - there == set()
    assert 3500 < found["fieldcase_periodic_work_late_seconds"] < 3700
    assert 0 <= found["fieldcase_backup_age_seconds"] < 60


def test_every_figure_of_ours_is_explained(embedded):
    embedded.publish()
    assert embedded.post(1) == 201
    text = (ROOT / "docs/deployment.md").read_text()
    names = {re.sub(r"_(count|sum|bucket)$", "", name.partition(" ")[0]) for name in embedded.figures()}
    assert {name for name in names if name.startswith("fieldcase_") and f"`{name}`" not in text} == set()
