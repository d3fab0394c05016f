"""Builders for tests: everything goes through the real acts."""

import hashlib
import io
import pickle
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.devices import KnownDevice, enrol, known_device
from accounts.people import add_person, viewer_of
from accounts.projects import add_agency, get_agency, get_project
from accounts.roles import Viewer
from accounts.tables import Agency, Person
from audit.trail import OPERATOR
from cases.filing import file_one
from cases.publishing import Checked, check_form, publish_form
from cases.releasing import release_held
from forms.library import get_form, set_state
from forms.offer import OfferedForm, offer
from forms.publish import publish
from forms.tables import FormState, FormVersion
from storage.files import Files
from submissions.instance import Instance, read_instance
from submissions.parts import Upload, held_parts, keep_files
from submissions.receive import Receipt, Sender, receive
from submissions.tables import Filing, Submission
from xlsforms.compile import Compiled
from xlsforms.questions import read_form

ROOT = Path(__file__).parents[1]
_numbers = count(1)

SMALL_FORM = """
| survey |               |          |                      |                            |                  |           |
|        | type          | name     | label                | calculation                | case_field       | case_mode |
|        | select_one yn | wants    | May we contact you?  |                            | consent.answer   |           |
|        | text          | alias    | Name you want to use |                            | person.alias     | add       |
|        | date          | born     | Date of birth        |                            | person.birthdate |           |
|        | calculate     | followup |                      | if(${wants} = 'yes', 1, 0) |                  |           |
| choices |           |      |       |
|         | list_name | name | label |
|         | yn        | yes  | Yes   |
|         | yn        | no   | No    |
| settings |            |         |         |           |
|          | form_title | form_id | version | case_form |
|          | Small form | small   | 1       | other     |
| case_records |         |                 |       |             |        |        |
|              | record  | action          | match | when        | repeat | link   |
|              | person  | find_or_propose |       | ${followup} |        |        |
|              | case    | find_or_propose |       | ${followup} |        | person |
|              | consent | new             |       | ${followup} |        | case   |
| case_codes |           |        |         |
|            | list_name | choice | code    |
|            | yn        | yes    | given   |
|            | yn        | no     | refused |
"""
YES = "<wants>yes</wants><alias>Invented</alias><born>1990-01-31</born><followup>1</followup>"


def plain_xform(form_id: str = "plain", version: str = "1", *, title: str = "Plain form", media: str = "") -> bytes:
    """An XForm with a text, a photo and a repeat with a recording, that feeds no case; `media` is a file it names."""
    image = f'<value form="image">jr://images/{media}</value>' if media else ""
    numbered = f' version="{version}"' if version else ""
    return f"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
<h:head><h:title>{title}</h:title><model>
<itext><translation lang="en" default="true()">
<text id="name"><value>Name</value>{image}</text></translation></itext>
<instance><data id="{form_id}"{numbered}><name/><photo/><talk jr:template=""><sound/></talk>
<meta><instanceID/></meta></data></instance>
<bind nodeset="/data/name" type="string"/><bind nodeset="/data/photo" type="binary"/>
<bind nodeset="/data/talk/sound" type="binary"/>
<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>
</model></h:head><h:body>
<input ref="/data/name"><label ref="jr:itext('name')"/></input>
<upload mediatype="image/*" ref="/data/photo"><label>Photo</label></upload>
<group ref="/data/talk"><label>Talk</label><repeat nodeset="/data/talk">
<upload mediatype="audio/*" ref="/data/talk/sound"><label>Sound</label></upload></repeat></group>
</h:body></h:html>""".encode()


@cache
def checked(content: str, now: datetime) -> Checked:
    """A workbook of markdown tables, compiled and checked once for all test runs with the same code."""
    named = hashlib.sha256(f"{_code()}{content}{now}".encode()).hexdigest()
    path = ROOT / ".pytest_cache" / "forms" / named
    if path.exists():
        return cast("Checked", pickle.loads(path.read_bytes()))
    done = check_form(content.encode(), "form.md", now=now)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{named}.{uuid.uuid4().hex}")
    half.write_bytes(pickle.dumps(done))
    half.rename(path)
    return done


@cache
def _code() -> str:
    """Tells apart whatever code or data a checked form depends on."""
    sources = sorted(path for name in ("xlsforms", "cases") for path in (ROOT / name).rglob("*") if path.is_file())
    told = hashlib.sha256(version("pyxform").encode())
    for path in sources:
        if path.suffix in {".py", ".csv"}:
            told.update(path.read_bytes())
    return told.hexdigest()


def upload(name: str, content: bytes = b"bytes", content_type: str = "application/octet-stream") -> Upload:
    """A file as a tablet sends it."""
    return Upload(name, content_type, io.BytesIO(content))


@dataclass
class Make:
    """Makes things in one session at one moment."""

    session: Session
    files: Files
    now: datetime
    _devices: list[KnownDevice] = field(default_factory=list)

    def agency(self, name: str = "Invented Agency") -> Agency:
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

    def secret(self, name: str | None = None, agency: Agency | None = None) -> str:
        """The secret of a new tablet."""
        _device, secret = enrol(
            self.session,
            name or f"Tablet {next(_numbers)}",
            project=get_project(self.session),
            agency=agency or get_agency(self.session),
            actor=OPERATOR,
            now=self.now,
        )
        return secret

    def device(self, name: str | None = None, agency: Agency | None = None) -> KnownDevice:
        return known_device(self.session, self.secret(name, agency))

    def tablet(self) -> KnownDevice:
        """The one tablet that sends whatever names no other."""
        if not self._devices:
            self._devices.append(self.device())
        return self._devices[0]

    def form(
        self, markdown: str = SMALL_FORM, *, version: str = "1", media: tuple[tuple[str, bytes], ...] = ()
    ) -> OfferedForm:
        """The form of a markdown workbook, published; `version` takes the place of its `| 1 `."""
        workbook = checked(markdown.replace("| 1 ", f"| {version} "), self.now)
        assert not workbook.refused, workbook.findings
        version_row = publish_form(
            self.session,
            workbook,
            project_id=get_project(self.session).id,
            media=media,
            files=self.files,
            actor=OPERATOR,
            now=self.now,
        )
        return self._offered(version_row)

    def plain(
        self, form_id: str = "plain", version: str = "1", *, media: tuple[tuple[str, bytes], ...] = ()
    ) -> OfferedForm:
        """A form that feeds no case, published."""
        xform = plain_xform(form_id, version, media=media[0][0] if media else "")
        return self._offered(
            publish(
                self.session,
                Compiled(xform, read_form(xform), ()),
                project_id=get_project(self.session).id,
                media=media,
                files=self.files,
                actor=OPERATOR,
                now=self.now,
            )
        )

    def close(self, form: OfferedForm, state: FormState = FormState.CLOSED) -> OfferedForm:
        """The form as tablets are offered it once it is in this state."""
        found = get_form(self.session, get_project(self.session).id, form.form_id)
        set_state(self.session, found, state, actor=OPERATOR, now=self.now)
        return self.offered(form.form_id)

    def offered(self, form_id: str) -> OfferedForm:
        return offer(self.session, get_project(self.session).id)[form_id]

    def _offered(self, version: FormVersion) -> OfferedForm:
        forms = offer(self.session, get_project(self.session).id).values()
        return next(form for form in forms if form.id == version.form_pk)

    def instance(
        self,
        form: OfferedForm,
        answers: str = "",
        *,
        instance_id: str | None = None,
        version: str | None = None,
        corrects: str | None = None,
    ) -> Instance:
        """An instance with these answers, given as XML between the root's tags."""
        named = instance_id or f"uuid:00000000-0000-4000-8000-{next(_numbers):012d}"
        version = version if version is not None else next(reversed(form.versions))
        deprecated = f"<deprecatedID>{corrects}</deprecatedID>" if corrects else ""
        return read_instance(
            f'<data id="{form.form_id}" version="{version}">{answers}'
            f"<meta><instanceID>{named}</instanceID>{deprecated}</meta></data>".encode()
        )

    def receive(self, instance: Instance, form: OfferedForm, *uploads: Upload, **more: Any) -> Receipt:
        """The receipt of an instance that a tablet sent."""
        device = more.pop("device", None) or self.tablet()
        held = held_parts(self.session, form.id, instance)
        parts = keep_files(uploads, keys=self.session.info["keys"], files=self.files, held=held)
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

    def submission(self, instance: Instance) -> Submission:
        """The row of an instance, as it stands in the database."""
        query = select(Submission).where(Submission.instance_id == instance.instance_id, Submission.variant == "")
        return self.session.scalars(query.execution_options(populate_existing=True)).one()

    def filed(self, instance: Instance, form: OfferedForm, *uploads: Upload, **more: Any) -> Submission:
        """The submission of an instance, received and filed."""
        self.receive(instance, form, *uploads, **more)
        file_one(self.session, self.submission(instance), now=self.now)
        return self.submission(instance)

    def file_all(self) -> None:
        """Everything pending is filed, and so is what was held for it, until nothing moves."""
        while True:
            pending = select(Submission).where(Submission.filing == Filing.PENDING.value).order_by(Submission.id)
            waiting = self.session.scalars(pending).all()
            for submission in waiting:
                file_one(self.session, submission, now=self.now)
            if not release_held(self.session, now=self.now) and not waiting:
                return
