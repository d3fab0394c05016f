"""Scripts that call the JSON door of an installation over a real database."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from accounts.projects import get_agency
from accounts.sessions import Kind, start_session
from audit.trail import AuditEntry
from server.runtime import clock
from submissions.tables import Submission
from tests.server.desk.office import PASSWORD, SAID, Office, workbook

__all__ = ["PASSWORD", "SAID", "Installation", "Script", "workbook"]

P = "/v1/projects/1"
TALK = f"{P}/forms/talk"


@dataclass
class Script:
    """A script with a person's token, or with none."""

    client: FlaskClient
    token: str = ""
    person_id: int = 0

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", None) or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, told: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, **(options if told is None else {"json": told, **options}))

    def send(self, path: str, content: bytes, content_type: str, method: str = "POST", **options: Any) -> TestResponse:
        """The answer to bytes of this type."""
        return self.call(method, path, data=content, content_type=content_type, **options)


class Installation(Office):
    """An installation whose JSON door is open beside the others."""

    def script(self, *roles: str, agency: str | None = None) -> Script:
        """A script of a new person with these roles."""
        with self.make() as make:
            person = make.person(*roles, agency=None if agency is None else get_agency(make.session, agency))
            token = start_session(make.session, person, now=clock(), kind=Kind.SCRIPT)
            return Script(self.app.test_client(), token, person.id)

    def nobody(self) -> Script:
        return Script(self.app.test_client())

    def instance_id(self, submission_id: int) -> str:
        with self.database.read() as session:
            query = select(Submission.instance_id).where(Submission.id == submission_id)
            return session.scalars(query).one()

    def refusals(self) -> list[AuditEntry]:
        return self.trail("refused")


def fault(answer: TestResponse) -> tuple[int, float]:
    """The status and the number of a refusal, which has the one shape that all have."""
    told = answer.get_json()
    assert set(told) == {"code", "message", "details"}, told
    assert isinstance(told["details"], dict)
    assert told["message"]
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, told["code"]
