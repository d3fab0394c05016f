"""Forms filled by JavaRosa, the form engine inside ODK Collect, as a person at a tablet fills them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from lxml import etree

from tests.collect.building import build, jar

JVM = (
    "-Xmx384m",
    "-Xss4m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
)
STOP: dict[str, Any] = {"ok": False, "kind": "engine", "error": "the engine's process ended", "job": None}


class FormRefused(Exception):
    """The form could not be filled as asked; `path` is the question, `kind` the reason.

    Kinds: unknown, unasked, value, constraint, required, readonly, repeat (a written answer is at fault), unsatisfied
    (no valid answer was found), media (a file of the form is missing), engine (JavaRosa itself failed).
    """

    def __init__(self, report: dict[str, Any]) -> None:
        self.kind: str = report.get("kind", "engine")
        self.path: str = report.get("path", "")
        self.report = report
        said = ": ".join(filter(None, [self.kind, self.path, str(report.get("error"))]))
        super().__init__(f"{said}\n{report['trace']}" if "trace" in report else said)


@dataclass(frozen=True)
class Attachment:
    """A photo, recording or file to answer with: these bytes, or made-up ones; without a name it gets the tablet's."""

    name: str = ""
    content: bytes | None = field(default=None, repr=False)
    size: int = 2_000


@dataclass(frozen=True)
class Answer:
    """One question as it stood when the form was finalized; `value` as in the XML, `shown` as on the screen."""

    path: str
    name: str
    label: str | None
    value: str | None
    shown: str | None
    relevant: bool
    required: bool
    read_only: bool


@dataclass(frozen=True)
class Filled:
    """A finalized instance: the XML as the tablet sends it and the files beside it; `saved` has the irrelevant too."""

    xml: bytes = field(repr=False)
    saved: bytes = field(repr=False)
    instance_id: str
    files: dict[str, bytes] = field(repr=False)
    title: str
    answers: tuple[Answer, ...] = field(repr=False)
    report: dict[str, Any] = field(repr=False)

    def value(self, name: str) -> str | None:
        """The value of the question with this name or path; the first one when it repeats."""
        return next(answer.value for answer in self.answers if name in (answer.name, answer.path))


class JavaRosa:
    """One Java process that fills form after form; safe to use from several threads, one form at a time."""

    def __init__(self, timeout: float = 60.0) -> None:
        self.timeout = timeout
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="fieldcase-tablet-")
        self.folder = Path(self._folder.name)
        self._log = (self.folder / "engine.log").open("wb")
        self._classpath = f"{build()}{os.pathsep}{jar()}"
        self._jobs = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def __enter__(self) -> JavaRosa:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The process has ended and its folder is gone."""
        self._stop()
        self._log.close()
        self._folder.cleanup()

    def fill(
        self,
        xform: bytes,
        answers: Mapping[str, Any] | None = None,
        seed: int | None = None,
        media: Mapping[str, bytes] | Path | None = None,
        strict: bool = True,
        *,
        device: Mapping[str, str] | None = None,
        language: str | None = None,
        skip: float = 0.2,
        repeats: int = 3,
        fill_required: bool = True,
        through_draft: bool = False,
        edit: bytes | None = None,
        last_saved: bytes | None = None,
    ) -> Filled:
        """The form opened, answered and finalized.

        `answers` by question name (`age`), tail of a path (`person/age`, `place[2]/name`) or whole path; a repeat takes
        a list of such maps, or the number of its instances. With a `seed` all other questions get random valid answers,
        each optional one skipped with probability `skip`, each repeat 0 to `repeats` instances. Without one they stay
        empty, or as the form fills them, unless they are required and `fill_required`. Raises FormRefused when a
        written answer is not accepted, not asked or unknown (`strict`), or when the form cannot be made valid.

        `through_draft` saves the answered form and opens it again before it is finalized; `edit` is the XML of a sent
        instance to start from, the result then names it as the one that it replaces; `last_saved` is what the form
        reads as jr://instance/last-saved, the `saved` of an earlier result.
        """
        with self._lock, tempfile.TemporaryDirectory(dir=self.folder) as fresh:
            folder = Path(fresh)
            (folder / "files").mkdir()
            job: dict[str, Any] = {
                "xform": str(self._kept(xform)),
                "media": str(self._media(media)),
                "folder": str(folder / "files"),
                "xml": str(folder / "instance.xml"),
                "saved": str(folder / "saved.xml"),
                "last_saved": str(folder / "last-saved.xml"),
                "answers": _plain(dict(answers or {}), folder),
                "strict": strict,
                "skip": skip,
                "repeats": repeats,
                "fill_required": fill_required,
                "through_draft": through_draft,
                "device": {"deviceid": "collect:simulated0000001", "time_zone": "UTC", **(device or {})},
            }
            if seed is not None:
                job["seed"] = seed
            if language is not None:
                job["language"] = language
            (folder / "last-saved.xml").write_bytes(last_saved or b"<stub/>")
            if edit is not None:
                (folder / "edit.xml").write_bytes(edit)
                job["edit"] = str(folder / "edit.xml")
            return _filled(self._ask(job), folder)

    def _kept(self, content: bytes) -> Path:
        path = self.folder / "forms" / hashlib.sha256(content).hexdigest()[:20] / "form.xml"
        if not path.exists():
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
        return path

    def _media(self, media: Mapping[str, bytes] | Path | None) -> Path:
        if isinstance(media, Path):
            return media
        digest = hashlib.sha256(
            b"".join(name.encode() + b"\0" + content for name, content in sorted((media or {}).items()))
        )
        folder = self.folder / "media" / digest.hexdigest()[:20]
        if not folder.is_dir():
            folder.mkdir(parents=True)
            for name, content in (media or {}).items():
                (folder / name).write_bytes(content)
        return folder

    def _start(self) -> subprocess.Popen[bytes]:
        command = ["java", *JVM, "-cp", self._classpath, "fieldcase.tablet.Main"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._answers = answers

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                answers.put(json.loads(line))
            answers.put(STOP)

        threading.Thread(target=read, name="javarosa", daemon=True).start()
        return process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.stdin is not None and process.stdout is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            while self._answers.get(timeout=10) is not STOP:
                continue
            process.stdout.close()

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        self._jobs += 1
        job["job"] = self._jobs
        self._process = process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            report = self._answers.get(timeout=self.timeout)
        except (queue.Empty, BrokenPipeError) as lost:
            self._stop()
            raise FormRefused({"kind": "engine", "error": f"no answer within {self.timeout:g} seconds"}) from lost
        if report is STOP:
            self._answers.put(STOP)
            self._stop()
        if not report["ok"]:
            raise FormRefused(report)
        return report


def _plain(value: Any, folder: Path) -> Any:
    """Answers as JSON; bytes and attachments become files that the engine takes over."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, folder) for key, inner in value.items()}
    if isinstance(value, bytes):
        value = Attachment(content=value)
    if isinstance(value, Attachment):
        told: dict[str, Any] = {"name": value.name, "size": value.size}
        if value.content is not None:
            name = base64.b32encode(os.urandom(10)).decode()
            (folder / name).write_bytes(value.content)
            told["path"] = str(folder / name)
        return told
    if isinstance(value, (list, tuple)):
        return [_plain(inner, folder) for inner in value]
    return value if isinstance(value, (str, int, float)) or value is None else str(value)


def _filled(report: dict[str, Any], folder: Path) -> Filled:
    xml = (folder / "instance.xml").read_bytes()
    return Filled(
        xml=xml,
        saved=(folder / "saved.xml").read_bytes(),
        instance_id=instance_id(xml),
        files={name: (folder / "files" / name).read_bytes() for name in report["files"]},
        title=report["title"],
        answers=tuple(Answer(**{"shown": None, **answer}) for answer in report["answers"]),
        report=report,
    )


def instance_id(xml: bytes) -> str:
    """The instanceID in the XML, whatever its namespace; empty when the form has none."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    found = root.xpath("*[local-name()='meta']/*[local-name()='instanceID']/text()")
    return str(found[0]) if isinstance(found, list) and found else ""
