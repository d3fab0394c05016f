"""Builders for tests: everything goes through the real acts."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from accounts.devices import KnownDevice, enrol, known_device
from accounts.people import add_person, viewer_of
from accounts.projects import get_agency, get_project
from accounts.roles import Viewer
from accounts.tables import Agency, Person
from audit.trail import OPERATOR
from cases.filing import file_one
from cases.publishing import check_form, publish_form
from forms.offer import OfferedForm, offer
from forms.tables import FormVersion
from storage.files import Files
from submissions.instance import Instance, read_instance
from submissions.parts import Upload, keep_files
from submissions.receive import Receipt, Sender, receive
from submissions.tables import Submission

_numbers = count(1)

SMALL_FORM = """
| survey       |               |          |                          |                            |                  |           |
|              | type          | name     | label                    | calculation                | case_field       | case_mode |
|              | select_one yn | wants    | May we contact you?      |                            | consent.answer   |           |
|              | text          | alias    | Name you want to use     |                            | person.alias     | add       |
|              | date          | born     | Date of birth            |                            | person.birthdate |           |
|              | calculate     | followup |                          | if(${wants} = 'yes', 1, 0) |                  |           |
| choices      |               |          |                          |                            |                  |           |
|              | list_name     | name     | label                    |                            |                  |           |
|              | yn            | yes      | Yes                      |                            |                  |           |
|              | yn            | no       | No                       |                            |                  |           |
| settings     |               |          |                          |                            |                  |           |
|              | form_title    | form_id  | version                  | case_form                  |                  |           |
|              | Small form    | small    | 1                        | other                      |                  |           |
| case_records |               |          |                          |                            |                  |           |
|              | record        | action   | match                    | when                       | repeat           | link      |
|              | person        | find_or_propose |                   | ${followup}                |                  |           |
|              | case          | find_or_propose |                   | ${followup}                |                  | person    |
|              | consent       | new      |                          | ${followup}                |                  | case      |
| case_codes   |               |          |                          |                            |                  |           |
|              | list_name     | choice   | code                     |                            |                  |           |
|              | yn            | yes      | given                    |                            |                  |           |
|              | yn            | no       | refused                  |                            |                  |           |
"""


@dataclass
class Make:
    """Makes things in one session at one moment."""

    session: Session
    files: Files
    now: datetime

    def agency(self, name: str = "Invented Agency") -> Agency:
        from accounts.projects import add_agency

        return add_agency(self.session, f"{name} {next(_numbers)}", actor=OPERATOR, now=self.now)

    def person(self, *roles: str, agency: Agency | None = None, password: str | None = None) -> Person:
        return add_person(
            self.session,
            email=f"person{next(_numbers)}@example.org",
            name="Invented Person",
            roles=roles or ("caseworker",),
            agency=agency or get_agency(self.session),
            actor=OPERATOR,
            now=self.now,
            password=password,
        )

    def viewer(self, *roles: str, agency: Agency | None = None) -> Viewer:
        return viewer_of(self.session, self.person(*roles, agency=agency))

    def device(self, name: str | None = None, agency: Agency | None = None) -> KnownDevice:
        _device, secret = enrol(
            self.session,
            name or f"Tablet {next(_numbers)}",
            project=get_project(self.session),
            agency=agency or get_agency(self.session),
            actor=OPERATOR,
            now=self.now,
        )
        return known_device(self.session, secret)

    def form(self, markdown: str = SMALL_FORM, *, media: tuple[tuple[str, bytes], ...] = ()) -> FormVersion:
        """The form of a markdown workbook, published."""
        checked = check_form(markdown.encode(), "form.md", now=self.now)
        return publish_form(
            self.session,
            checked,
            project_id=get_project(self.session).id,
            media=media,
            files=self.files,
            actor=OPERATOR,
            now=self.now,
        )

    def offered(self, form_id: str) -> OfferedForm:
        return offer(self.session, get_project(self.session).id)[form_id]

    def instance(
        self, form: OfferedForm, answers: str = "", *, instance_id: str | None = None, version: str | None = None
    ) -> Instance:
        """An instance with these answers, given as XML between the root's tags."""
        named = instance_id or f"uuid:00000000-0000-4000-8000-{next(_numbers):012d}"
        version = version if version is not None else next(reversed(form.versions))
        return read_instance(
            f'<data id="{form.form_id}" version="{version}">{answers}'
            f"<meta><instanceID>{named}</instanceID></meta></data>".encode()
        )

    def receive(self, instance: Instance, form: OfferedForm, *uploads: Upload, **more: Any) -> Receipt:
        """The receipt of an instance that a tablet sent."""
        device = more.pop("device", None) or self.device()
        parts = keep_files(uploads, keys=self.session.info["keys"], files=self.files, held=frozenset())
        return receive(
            self.session,
            instance,
            parts,
            form=form,
            project_id=device.project_id,
            sender=Sender(device.actor, device_id=device.id),
            now=more.pop("now", self.now),
            **more,
        )

    def filed(self, instance: Instance, form: OfferedForm, **more: Any) -> Submission:
        """The submission of an instance, received and filed."""
        from sqlalchemy import select

        self.receive(instance, form, **more)
        found = self.session.scalars(select(Submission).where(Submission.instance_id == instance.instance_id)).one()
        file_one(self.session, found, now=self.now)
        return found
