"""What lies on the tablet's disk: blank forms with their media, and the instances that people filled."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.collect.openrosa import FormMetadata


@dataclass
class StoredForm:
    """A blank form; `deleted` when it is only hidden because instances of it wait to be sent."""

    meta: FormMetadata
    md5: str
    path: Path
    media: Path
    added: float
    deleted: bool = False
    lists: list[str] = field(default_factory=list)

    @property
    def form_id(self) -> str:
        return self.meta.form_id

    @property
    def version(self) -> str | None:
        return self.meta.version

    @property
    def xform(self) -> bytes:
        return self.path.read_bytes()

    def media_hashes(self) -> dict[str, str]:
        """The md5 of each file in the media folder, by name."""
        if not self.media.is_dir():
            return {}
        return {path.name: md5(path.read_bytes()) for path in sorted(self.media.iterdir())}


@dataclass
class Instance:
    """A finalized instance; `status` is complete, failed or sent."""

    filename: str
    xml: bytes = field(repr=False)
    files: dict[str, bytes] = field(repr=False)
    instance_id: str
    form_id: str
    form_version: str | None
    submission_url: str | None = None
    finalized: float = field(default_factory=time.time)
    status: str = "complete"


class FormStore:
    """The blank forms of one project, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._forms: list[StoredForm] = []

    def __iter__(self) -> Iterator[StoredForm]:
        return iter([form for form in self._forms if not form.deleted])

    def all(self, form_id: str) -> list[StoredForm]:
        """Every copy of a form, hidden ones included, newest first."""
        return sorted((form for form in self._forms if form.form_id == form_id), key=lambda form: -form.added)

    def by_md5(self, digest: str) -> StoredForm | None:
        return next((form for form in self._forms if form.md5 == digest), None)

    def add(self, name: str, content: bytes, meta: FormMetadata, now: float) -> StoredForm:
        """The form is on the disk under a name made from the listed one."""
        base = title = file_name(name)
        number = 2
        while (self.folder / f"{base}.xml").exists():
            base = f"{title}_{number}"
            number += 1
        path = self.folder / f"{base}.xml"
        path.write_bytes(content)
        media = self.folder / f"{base}-media"
        media.mkdir(exist_ok=True)
        form = StoredForm(meta, md5(content), path, media, now)
        self._forms.append(form)
        return form

    def remove(self, form: StoredForm, *, hide: bool = False) -> None:
        """The form and its media are gone, or hidden while instances need them."""
        if hide:
            form.deleted = True
            return
        self._forms.remove(form)
        form.path.unlink(missing_ok=True)
        for path in form.media.iterdir() if form.media.is_dir() else ():
            path.unlink()
        if form.media.is_dir():
            form.media.rmdir()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def file_name(name: str) -> str:
    """The name of a form as Collect makes a file name of it: letters and digits stay, the rest is a space."""
    return " ".join(re.sub(r"[\W_]", " ", name).split())
