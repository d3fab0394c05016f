"""What each project offers its tablets, kept in memory and checked against the catalogue row at every request."""

import hashlib
import threading
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote
from xml.sax.saxutils import escape

from accounts.catalogue import catalogue_version
from accounts.devices import KnownDevice
from forms.offer import OfferedForm, OfferedVersion, offer
from storage.database import Database

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
BASE = "\x00"  # stands for the address that the tablet calls; no form holds this character


@dataclass(frozen=True)
class Offer:
    """A project's forms, and its form list with a placeholder for the tablet's own address."""

    catalogue: int
    forms: dict[str, OfferedForm] = field(hash=False)
    form_list: str

    @cached_property
    def _hash(self) -> bytes:
        return hashlib.sha256(self.form_list.encode()).digest()

    def listed(self, base: str) -> str:
        """The form list for a tablet that calls this address."""
        return self.form_list.replace(BASE, escape(base))

    def etag(self, base: str) -> str:
        """What changes with the list that a tablet gets at this address, without writing it out."""
        return hashlib.sha256(self._hash + base.encode()).hexdigest()[:32]


class Offers:
    """The offers of every project, each as old as the catalogue version it was read at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._held: dict[int, Offer] = {}

    def of(self, device: KnownDevice) -> Offer:
        """The offer of the tablet's project, at least as new as the catalogue version the tablet came with."""
        return self.of_project(device.project_id, device.catalogue)

    def of_project(self, project_id: int, catalogue: int) -> Offer:
        """The offer of a project, at least as new as this version of the catalogue."""
        held = self._held.get(project_id)
        if held is not None and held.catalogue >= catalogue:
            return held
        with self._lock:
            held = self._held.get(project_id)
            if held is None or held.catalogue < catalogue:
                held = self._read(project_id)
                self._held[project_id] = held
            return held

    def _read(self, project_id: int) -> Offer:
        with self._database.read() as session:
            catalogue = catalogue_version(session)
            forms = offer(session, project_id)
        return Offer(catalogue, forms, form_list(forms))


def form_list(forms: dict[str, OfferedForm]) -> str:
    """The formList document of the open forms, with a placeholder for the address."""
    entries = "".join(_entry(form.form_id, form.current) for form in forms.values() if form.current)
    return f'{DECLARATION}<xforms xmlns="http://openrosa.org/xforms/xformsList">{entries}</xforms>'


def manifest(base: str, form_id: str, version: OfferedVersion) -> str:
    """The manifest document of a version's media."""
    files = "".join(
        f"<mediaFile><filename>{escape(media.filename)}</filename><hash>md5:{media.md5}</hash>"
        f"<downloadUrl>{escape(base + media_path(form_id, version, media.filename))}</downloadUrl></mediaFile>"
        for media in version.media
    )
    return f'{DECLARATION}<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{files}</manifest>'


def version_path(form_id: str, version: OfferedVersion) -> str:
    """Where a version's own files are, below the tablet's address."""
    return f"/forms/{quote(form_id, safe='')}/versions/{version.id}"


def media_path(form_id: str, version: OfferedVersion, filename: str) -> str:
    """Where a version's media file is, below the tablet's address."""
    return f"{version_path(form_id, version)}/attachments/{quote(filename, safe='')}"


def _entry(form_id: str, version: OfferedVersion) -> str:
    path = BASE + version_path(form_id, version)
    manifest_url = f"<manifestUrl>{path}/manifest</manifestUrl>" if version.media else ""
    return (
        f"<xform><formID>{escape(form_id)}</formID><name>{escape(version.title)}</name>"
        f"<version>{escape(version.version)}</version><hash>md5:{version.md5}</hash>"
        f"<downloadUrl>{path}.xml</downloadUrl>{manifest_url}</xform>"
    )
