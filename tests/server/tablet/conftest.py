"""An installation with its tablet door, and a tablet's requests written by hand."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from cases.filing import file_next
from forms.offer import OfferedForm
from server.app import create_app
from server.runtime import Runtime
from server.settings import Settings
from server.tablet.offers import Offers
from storage.database import Database
from storage.files import LocalFiles
from submissions.instance import Instance
from submissions.opening import open_attachments, open_xml, read_file
from submissions.tables import Submission
from tests.make import Make

COLLECT = {
    "User-Agent": "org.odk.collect.android/v2026.3 Dalvik/2.1.0 (Linux; U; Android 14)",
    "X-OpenRosa-Version": "1.0",
    "Date": "Sun, 03 May 2026 03:04:05 GMT",
    "Accept-Encoding": "gzip",
    "Connection": "Keep-Alive",
}
INSTALL = "collect:0123456789abcdef"
LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"
File = tuple[str, bytes]


def multipart(parts: Sequence[bytes], boundary: str) -> bytes:
    """Parts, each with its own head, joined as OkHttp joins them."""
    return b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts) + f"--{boundary}--\r\n".encode()


def part(name: str, content: bytes, *, filename: str | None = None, kind: str | None = None) -> bytes:
    """One part: raw UTF-8 names, a quote as %22, no length of its own."""
    head = f'Content-Disposition: form-data; name="{name.replace(chr(34), "%22")}"'
    if filename is not None:
        head += f'; filename="{filename.replace(chr(34), "%22")}"'
    if kind is not None:
        head += f"\r\nContent-Type: {kind}"
    return head.encode() + b"\r\n\r\n" + content


def parts_of(xml: bytes, files: Sequence[File] = (), *, incomplete: bool = False) -> list[bytes]:
    """A post's parts as Collect sends them."""
    parts = [part("xml_submission_file", xml, filename="Form_2026-05-03_12-00-00.xml", kind="text/xml")]
    parts += [part(name, content, filename=name, kind="application/octet-stream") for name, content in files]
    if incomplete:
        parts.append(part("*isIncomplete*", b"yes"))
    return parts


@dataclass
class Door:
    """The tablet door of an installation, asked as one tablet."""

    app: Flask
    running: Runtime
    secret: str
    username: str = ""

    @property
    def project(self) -> str:
        """The tablet's address, without the host."""
        return f"/v1/key/{self.secret}/projects/1"

    def make(self) -> Any:
        """A block in which things are made; committed at its end."""
        return _Making(self.running)

    def ask(self, path: str, method: str = "GET", **more: Any) -> TestResponse:
        """An answer to what Collect would send; `path` is below the tablet's address, or a whole URL."""
        base = self.running.settings.base_url
        path = path.removeprefix(base) if path.startswith(base) else path if path[:3] == "/v1" else self.project + path
        query = more.pop("query_string", {"deviceID": INSTALL})
        headers = COLLECT | more.pop("headers", {})
        if "?" in path:
            path, _, given = path.partition("?")
            query = f"{given}&deviceID={INSTALL}"
        return Client(self.app, TestResponse).open(
            path, method=method, base_url=base, query_string=query, headers=headers, **more
        )

    def post(self, xml: bytes, files: Sequence[File] = (), *, incomplete: bool = False, **more: Any) -> TestResponse:
        """A submission as Collect posts it."""
        return self.send(parts_of(xml, files, incomplete=incomplete), **more)

    def send(self, parts: Sequence[bytes], *, boundary: str | None = None, **more: Any) -> TestResponse:
        """A post of these parts."""
        boundary = boundary or str(uuid.uuid4())
        return self.raw(multipart(parts, boundary), f"multipart/form-data; boundary={boundary}", **more)

    def raw(self, body: bytes, kind: str, **more: Any) -> TestResponse:
        """A post of these bytes."""
        return self.ask("/submission", "POST", data=body, content_type=kind, **more)

    def held(self) -> list[tuple[str, str, dict[str, bytes | None]]]:
        """Instance id, filing state and current files of every submission, oldest first."""
        with self.running.database.read() as session:
            rows = session.scalars(select(Submission).order_by(Submission.id)).all()
            return [
                (
                    row.instance_id,
                    row.filing,
                    {
                        one.name: b"".join(read_file(self.running.files, one)) if one.received else None
                        for one in open_attachments(session, row.id)
                        if one.current
                    },
                )
                for row in rows
            ]

    def xml_held(self) -> list[bytes]:
        """The XML of every submission, oldest first."""
        with self.running.database.read() as session:
            return [open_xml(session, row) for row in session.scalars(select(Submission).order_by(Submission.id))]

    def count(self) -> int:
        with self.running.database.read() as session:
            return session.scalar(select(func.count()).select_from(Submission)) or 0

    def file_all(self) -> None:
        while file_next(self.running.database, now=datetime.now(UTC)):
            continue

    def with_settings(self, **changed: Any) -> "Door":
        """The same installation, served with other settings."""
        running = replace(self.running, settings=replace(self.running.settings, **changed))
        return replace(self, app=create_app(running=running), running=running)


class _Making:
    def __init__(self, running: Runtime) -> None:
        self._running = running

    def __enter__(self) -> Make:
        self._block = self._running.database.begin()
        return Make(self._block.__enter__(), self._running.files, datetime.now(UTC))

    def __exit__(self, *raised: Any) -> None:
        self._block.__exit__(*raised)


@pytest.fixture
def door(database: Database, files: LocalFiles, tmp_path: Path) -> Door:
    """An installation served at its tablet door alone, and one tablet enrolled there."""
    settings = Settings(data_dir=tmp_path, key_file=tmp_path / "master.key", doors=("tablet",))
    running = Runtime(settings, database, files, Offers(database))
    app = create_app(running=running)
    app.testing = False  # Surprises are answered as they are in earnest.
    door = Door(app, running, "")
    with door.make() as make:
        door.secret = make.secret("Tablet 07")
        door.username = "tablet-07"
    return door


@pytest.fixture
def plain(door: Door) -> OfferedForm:
    """A form that feeds no case, published."""
    with door.make() as make:
        form: OfferedForm = make.plain()
        return form


def filled(form: OfferedForm, answers: str = "<name>Invented</name>", **more: Any) -> Instance:
    """An instance as a tablet fills it."""
    return Make(None, None, datetime.now(UTC)).instance(form, answers, **more)  # type: ignore[arg-type]


def message(answer: TestResponse) -> str:
    """What Collect shows of an answer: the first element named `message`, in an OpenRosaResponse that parses."""
    root = ElementTree.fromstring(answer.data)
    assert root.tag == f"{RESPONSE}OpenRosaResponse"
    words = root.find(f"{RESPONSE}message").text
    assert words.strip()
    assert "<" not in words
    return words
