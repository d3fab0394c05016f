"""The desk over a real database: people signed in, forms published, submissions filed as they come in."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from accounts.people import add_person
from accounts.projects import add_agency, get_agency, get_project
from accounts.sessions import start_session
from audit.trail import OPERATOR, AuditEntry
from cases.drafting import Upload, draft_form
from cases.filing import file_next
from cases.publishing import Checked, check_form, publish_form
from server.app import create_app
from server.runtime import Runtime, clock
from server.settings import Settings
from server.tablet.offers import Offers
from storage.database import Database
from storage.files import LocalFiles
from submissions.parts import Upload as Sent
from submissions.tables import Submission
from tests.make import Make

PASSWORD = "correct horse battery"
COLUMNS = {
    "survey": "type | name | label::English (en) | label::Español (es) | calculation | case_field",
    "choices": "list_name | name | label::English (en) | label::Español (es)",
    "settings": "form_title | form_id | version | case_form",
    "case_records": "record | action | match | when | repeat | link",
    "case_codes": "list_name | choice | code",
}
TALK = {
    "survey": [
        "select_one yn | wants | May we contact you? | ¿Podemos contactarle? | | consent.answer",
        "text | alias | Name you want to use | Nombre que quiere usar | | person.alias",
        "date | born | When were you born? | ¿Cuándo nació? | | person.birthdate",
        "begin_group | papers | Your papers | Sus documentos | |",
        "select_multiple papers | held | Which papers are kept? | ¿Qué papeles le quitan? | |",
        "text | who | Who keeps them? | ¿Quién los guarda? | |",
        "image | photo | Photo of the place | Foto del lugar | |",
        "end_group | | | | |",
        "begin_repeat | stays | Place | Lugar | |",
        "text | town | Which town? | ¿Qué pueblo? | |",
        "end_repeat | | | | |",
        "calculate | followup | | | if(${wants} = 'yes', 1, 0) |",
    ],
    "choices": [
        "yn | yes | Yes | Sí",
        "yn | no | No | No",
        "papers | passport | Passport | Pasaporte",
        "papers | id | Identity card | Cédula",
    ],
    "settings": ["Invented talk | talk | 1 | other"],
    "case_records": [
        "person | find_or_propose | | ${followup} | |",
        "case | find_or_propose | | ${followup} | | person",
        "consent | new | | ${followup} | | case",
    ],
    "case_codes": ["yn | yes | given", "yn | no | refused"],
}
SAID = "<wants>yes</wants><alias>Zora (invented)</alias><born>1999-02-03</born><followup>1</followup>"


def workbook(**sheets: list[str]) -> str:
    """The talk as a markdown workbook, with these sheets in the place of its own."""
    lines = []
    for name, rows in {**TALK, **sheets}.items():
        lines += [f"| {name} |", f"| | {COLUMNS[name]} |", *[f"| | {row} |" for row in rows]]
    return "\n".join(lines)


SECOND = workbook(
    survey=[
        TALK["survey"][0],
        TALK["survey"][1].replace("alias", "nick", 1),
        TALK["survey"][2].replace("date |", "text |").replace(" person.birthdate", ""),
        *TALK["survey"][3:5],
        *TALK["survey"][6:],
        "text | more | Anything else? | ¿Algo más? | |",
    ],
    choices=TALK["choices"][:3],
    settings=["Invented talk | talk | 2 | other"],
)
"""The talk's second version: a question renamed, one of another type, one gone, one new, and a choice gone."""


@cache
def checked(markdown: str) -> Checked:
    """The workbook compiled, once however many tests publish it."""
    return check_form(markdown.encode(), "talk.md", now=clock())


@dataclass
class Desk:
    """One browser, signed in or not."""

    client: FlaskClient
    csrf: str = ""
    person_id: int = 0

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def post(self, path: str, **fields: Any) -> TestResponse:
        """The answer to a form of the page, with its token."""
        return self.client.post(path, data={"csrf_token": self.csrf, **fields}, content_type="multipart/form-data")

    def follow(self, answer: TestResponse) -> TestResponse:
        """The page that a 303 leads to."""
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])


@dataclass
class Office:
    """An installation with its desk; what comes in is filed as soon as filing is woken."""

    database: Database
    files: LocalFiles
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {
            "doors": ("tablet", "desk"),
            "data_dir": self.folder,
            "key_file": self.folder / "master.key",
            **self.settings,
        }
        self.running = Runtime(Settings(**known), self.database, self.files, Offers(self.database), self.file_all)
        self.app: Flask = create_app(running=self.running)

    @contextmanager
    def make(self) -> Iterator[Make]:
        """Things made and committed."""
        with self.database.begin() as session:
            yield Make(session, self.files, clock())

    def file_all(self) -> None:
        while file_next(self.database, now=clock()):
            continue

    def stranger(self) -> Desk:
        return Desk(self.app.test_client())

    def desk(self, *roles: str, agency: str | None = None, language: str = "en") -> Desk:
        """The browser of a new person with these roles."""
        with self.make() as make:
            person = make.person(*roles, agency=None if agency is None else get_agency(make.session, agency))
            person.language = language
            token = start_session(make.session, person, now=clock())
            person_id = person.id
        desk = Desk(self.app.test_client(), person_id=person_id)
        desk.client.environ_base["wsgi.url_scheme"] = "https" if self.running.settings.https else "http"
        desk.client.set_cookie("__Host-fieldcase" if self.running.settings.https else "fieldcase", token)
        desk.csrf = re.search(r'name="csrf_token" value="([^"]+)"', desk.get("/account").text)[1]  # type: ignore[index]
        return desk

    def person(self, email: str, *roles: str) -> int:
        """The id of a person who can sign in with PASSWORD."""
        with self.database.begin() as session:
            agency, now = get_agency(session), clock()
            made = add_person(
                session,
                email=email,
                name="Invented Person",
                roles=roles,
                agency=agency,
                actor=OPERATOR,
                now=now,
                password=PASSWORD,
            )
            return made.id

    def agency(self, name: str) -> str:
        with self.database.begin() as session:
            return add_agency(session, name, actor=OPERATOR, now=clock()).name

    def publish(self, markdown: str = "") -> None:
        compiled = checked(markdown or workbook())
        with self.database.begin() as session:
            project_id = get_project(session).id
            at = {"project_id": project_id, "media": [], "files": self.files, "actor": OPERATOR, "now": clock()}
            publish_form(session, compiled, **at)

    def draft(self, markdown: str = SECOND) -> None:
        """The workbook as the form's draft."""
        form, upload = checked(markdown), Upload("talk.md", markdown.encode())
        with self.database.begin() as session:
            project_id = get_project(session).id
            draft_form(session, form, upload, project_id=project_id, actor=OPERATOR, now=clock())

    def receive(self, answers: str = SAID, *uploads: Sent, form: str = "talk", agency: str | None = None) -> int:
        """The id of a submission with these answers, from a new tablet of the agency, filed."""
        with self.make() as make:
            offered = make.offered(form)
            instance = make.instance(offered, answers)
            device = make.device(agency=None if agency is None else get_agency(make.session, agency))
            make.receive(instance, offered, *uploads, device=device)
            query = select(Submission.id).where(Submission.instance_id == instance.instance_id)
            found = make.session.scalars(query).one()
        self.file_all()
        return found

    def filing(self, submission_id: int) -> str:
        with self.database.read() as session:
            return session.get_one(Submission, submission_id).filing

    def trail(self, action: str) -> list[AuditEntry]:
        with self.database.read() as session:
            query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
            return list(session.scalars(query))


def words(answer: TestResponse) -> str:
    """What the page says, without its tags."""
    plain = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style|svg).*?</\1>", "", answer.text, flags=re.S)))
    return re.sub(r" (?=[,.])", "", re.sub(r"\s+", " ", plain))
