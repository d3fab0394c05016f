"""The tablet looks for forms: which are new, which changed, which are gone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.collect import openrosa
from tests.collect.client import Response
from tests.collect.entitylists import read_entity_list
from tests.collect.faults import Faults
from tests.collect.openrosa import REPORT_IT, ListedForm, ListedMedia, TabletError
from tests.collect.store import StoredForm, md5

if TYPE_CHECKING:
    from tests.collect.tablet import Tablet


@dataclass
class SyncReport:
    """What one look at the server changed: form ids; files as `form id/name`; errors that the tablet does not show."""

    downloaded: list[str] = field(default_factory=list)
    updated_media: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    on_device: list[str] = field(default_factory=list)
    available: list[str] = field(default_factory=list)
    manifest_failures: list[TabletError] = field(default_factory=list)
    failures: dict[str, TabletError] = field(default_factory=dict)


@dataclass(frozen=True)
class Offer:
    """A listed form with its files, and how it stands to what the tablet has: new, updated version, updated hash,
    updated media or on device."""

    form: ListedForm
    files: tuple[ListedMedia, ...]
    standing: str


def fetch_form_list(tablet: Tablet, faults: Faults | None = None) -> list[ListedForm]:
    """The forms that the server lists for this tablet."""
    response = tablet.get(tablet.server_url.rstrip("/") + "/formList", faults)
    if response.status != 200:
        raise openrosa.form_list_failure(response.status, tablet.server_url)
    return openrosa.read_form_list(response, tablet.server_url)


def fetch_manifest(tablet: Tablet, url: str, faults: Faults | None = None) -> list[ListedMedia]:
    """The files beside a form."""
    return openrosa.read_manifest(_fetched(tablet, url, "3.2", faults), tablet.server_url)


def sync(tablet: Tablet, faults: Faults | None = None) -> SyncReport:
    """The tablet has exactly the listed forms, as the mode match_exactly wants it.

    Raises TabletError when the list was not to be had; a strict tablet also when any manifest, form or file was not.
    """
    report = SyncReport()
    offers = _offers(tablet, report, faults)
    listed = {offer.form.form_id for offer in offers}
    for form in [form for form in tablet.forms if form.form_id not in listed]:
        tablet.forms.remove(form, hide=tablet.has_unsent(form.form_id))
        report.deleted.append(form.form_id)
    _download_all(tablet, offers, report, faults)
    return report


def poll(tablet: Tablet, faults: Faults | None = None) -> SyncReport:
    """The tablet did what its form update mode does by itself from time to time."""
    general = tablet.settings.general
    if general["form_update_mode"] == "match_exactly":
        return sync(tablet, faults)
    report = SyncReport()
    if general["form_update_mode"] == "previously_downloaded":
        offers = [offer for offer in _offers(tablet, report, faults) if offer.standing != "new"]
        report.available = [offer.form.form_id for offer in offers if offer.standing != "on device"]
        if general["automatic_update"]:
            _download_all(tablet, offers, report, faults)
    return report


def download(tablet: Tablet, *form_ids: str, faults: Faults | None = None) -> SyncReport:
    """The chosen forms are on the tablet, as "Download form" does it."""
    report = SyncReport()
    offers = [offer for offer in _offers(tablet, report, faults) if offer.form.form_id in form_ids]
    _download_all(tablet, offers, report, faults)
    return report


def _offers(tablet: Tablet, report: SyncReport, faults: Faults | None) -> list[Offer]:
    offers = []
    for form in fetch_form_list(tablet, faults):
        files: list[ListedMedia] = []
        if form.manifest_url:
            try:
                files = fetch_manifest(tablet, form.manifest_url, faults)
            except TabletError as failure:
                report.manifest_failures.append(failure)
        offers.append(Offer(form, tuple(files), _standing(tablet, form, files)))
    return offers


def _standing(tablet: Tablet, form: ListedForm, files: list[ListedMedia]) -> str:
    known = tablet.forms.by_md5(form.hash)
    if known is not None and not known.deleted:
        local = set(known.media_hashes().values())
        changed = any(not file.filename.endswith(".zip") and file.hash not in local for file in files)
        return "updated media" if changed else "on device"
    copies = [copy for copy in tablet.forms.all(form.form_id) if not copy.deleted]
    if known is not None or not copies:
        return "new"
    return "updated hash" if any(copy.version == form.version for copy in copies) else "updated version"


def _download_all(tablet: Tablet, offers: list[Offer], report: SyncReport, faults: Faults | None) -> None:
    for offer in offers:
        if offer.standing == "on device":
            report.on_device.append(offer.form.form_id)
            continue
        try:
            _download(tablet, offer, report, faults)
        except TabletError as failure:
            report.failures[offer.form.form_id] = failure
    if tablet.strict:
        for broken in [*report.failures.values(), *report.manifest_failures]:
            raise broken


def _download(tablet: Tablet, offer: Offer, report: SyncReport, faults: Faults | None) -> None:
    known = tablet.forms.by_md5(offer.form.hash)
    replaced = (
        [] if known else [copy for copy in tablet.forms.all(offer.form.form_id) if copy.version == offer.form.version]
    )
    if known is not None:
        known.deleted = False
    try:
        if tablet.strict and replaced:
            detail = f"{offer.form.form_id} changed and kept its version {offer.form.version}"
            raise TabletError(REPORT_IT, rule="2.7", detail=detail)
        content = _fetched(tablet, offer.form.download_url, "2.5", faults).body
        files = {file.filename: _file(tablet, offer, file, report, faults) for file in offer.files}
        form = tablet.forms.by_md5(md5(content)) or _install(tablet, offer.form, content)
    finally:
        for old in replaced:
            tablet.forms.remove(old)
    for name, kept in files.items():
        if kept is not None:
            (form.media / name).write_bytes(kept)
    form.lists = [file.filename.removesuffix(".csv") for file in offer.files if file.kind]
    (report.updated_media if offer.standing == "updated media" else report.downloaded).append(offer.form.form_id)


def _install(tablet: Tablet, listed: ListedForm, content: bytes) -> StoredForm:
    meta = openrosa.read_form(content)
    if tablet.strict and md5(content) != listed.hash:
        raise TabletError(REPORT_IT, rule="2.6", detail=f"the listed hash of {listed.form_id} is not that of its bytes")
    if tablet.strict and (meta.form_id, meta.version) != (listed.form_id, listed.version):
        detail = f"listed as {listed.form_id} {listed.version}, the form says {meta.form_id} {meta.version}"
        raise TabletError(REPORT_IT, rule="2.3", detail=detail)
    return tablet.forms.add(listed.name, content, meta, time.time() + tablet.clock)


def _file(tablet: Tablet, offer: Offer, file: ListedMedia, report: SyncReport, faults: Faults | None) -> bytes | None:
    """The bytes to put beside the form; None for those that lie there already and for entity lists."""
    if file.kind is not None:
        name = file.filename.removesuffix(".csv")
        if name not in tablet.lists or tablet.lists[name].hash != file.hash:
            response = _fetched(tablet, file.download_url, "3.4", faults)
            report.media.append(f"{offer.form.form_id}/{file.filename}")
            tablet.keep_list(read_entity_list(name, file.hash, response.body))
        return None
    copies = tablet.forms.all(offer.form.form_id)
    there = next((copy for copy in copies if copy.version == offer.form.version), copies[0] if copies else None)
    held = there.media / file.filename if there else None
    if held and held.exists() and md5(held.read_bytes()) == file.hash:
        return None if offer.standing == "updated media" else held.read_bytes()
    response = _fetched(tablet, file.download_url, "3.3", faults)
    report.media.append(f"{offer.form.form_id}/{file.filename}")
    if tablet.strict and md5(response.body) != file.hash:
        detail = f"the listed hash of {file.filename} is not that of its bytes"
        raise TabletError(REPORT_IT, rule="3.3", detail=detail)
    return response.body


def _fetched(tablet: Tablet, url: str, rule: str, faults: Faults | None) -> Response:
    response = tablet.get(url, faults)
    if response.status != 200:
        text = f"The server {tablet.server_url} returned status code {response.status}. {REPORT_IT}"
        raise TabletError(text, rule=rule, detail=url.rpartition("/")[2])
    return response
