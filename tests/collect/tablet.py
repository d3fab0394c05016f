"""A tablet made of software: Collect's forms, settings and manners towards the server, without Android."""

from __future__ import annotations

import hashlib
import random
import shutil
import ssl
import string
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tests.collect import multipart, openrosa
from tests.collect.cache import HttpCache
from tests.collect.javarosa import Filled, JavaRosa
from tests.collect.openrosa import ListedForm, ListedMedia, TabletError
from tests.collect.settings import Settings
from tests.collect.store import FormStore, Instance, StoredForm, file_name, md5
from tests.collect.wire import Client, Faults, LinkLost, Login, Response, Route, UnsupportedChallenge, with_query

LETTERS = string.ascii_letters + string.digits


@dataclass
class SyncReport:
    """What one look at the server changed; form ids, and file names as `form id/name`."""

    downloaded: list[str] = field(default_factory=list)
    updated_media: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    on_device: list[str] = field(default_factory=list)
    manifest_failures: list[TabletError] = field(default_factory=list)
    failures: dict[str, TabletError] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What the enumerator is told of one instance; `statuses` has one entry for each POST, 0 where no answer was read."""

    instance_id: str
    sent: bool
    text: str
    statuses: tuple[int, ...] = ()
    stops_batch: bool = False


@dataclass(frozen=True)
class Acknowledged:
    """An instance that the server took over: from here on it may be nowhere else."""

    instance_id: str
    form_id: str
    form_version: str | None
    xml_sha256: str
    files: dict[str, str]
    posts: int
    message: str | None
    at: float


@dataclass
class Journal:
    """What was promised to the tablet and what was tried, for counting losses afterwards."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    attempts: list[tuple[str, tuple[str, ...], int]] = field(default_factory=list)


class Tablet:
    """One installation of Collect with one project.

    `routes` says where the project's host really is; `proxied` routes speak as a proxy that ended TLS. With `strict` a broken rule raises
    TabletError even where Collect would lose the form in silence.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int | None = None,
        routes: Mapping[str, Route] | None = None,
        tls: ssl.SSLContext | None = None,
        strict: bool = True,
        timeout: float = 60.0,
        time_zone: str = "UTC",
        clock: float = 0.0,
        device_id: str | None = None,
    ) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.device_id = device_id or "collect:" + "".join(self.random.choice(LETTERS) for _ in range(16))
        self.routes = dict(routes or {})
        self.tls = tls
        self.strict = strict
        self.timeout = timeout
        self.time_zone = time_zone
        self.clock = clock
        self.settings = Settings.defaults()
        self.forms = FormStore(folder / "forms")
        self.instances: list[Instance] = []
        self.journal = Journal()
        self.client = self._client()
        self._journal_lock = threading.Lock()

    def _client(self) -> Client:
        general = self.settings.general
        login = Login(general["username"], general["password"])
        digest = hashlib.sha256(repr((login.username, login.password)).encode()).hexdigest()[:12]
        cache = HttpCache(self.folder / "cache" / f"http_{digest}")
        return Client(login, routes=self.routes, cache=cache, tls=self.tls, timeout=self.timeout, clock=self.clock)

    def __enter__(self) -> Tablet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No connection is open any more; disk and journal stay."""
        self.client.close()

    # Settings

    def scan(self, settings_qr: str) -> None:
        """The tablet has the settings of this code, every key that the code leaves out at its default."""
        self.use(Settings.from_qr(settings_qr))

    def use(self, settings: Settings) -> None:
        """The tablet has these settings."""
        if self.strict and settings.dropped:
            raise TabletError(
                "the tablet passes over settings in silence", rule="7.2", detail=", ".join(settings.dropped)
            )
        self.client.close()
        self.settings = settings
        self.client = self._client()

    def configure(self, server_url: str, username: str = "", password: str = "", **general: Any) -> None:
        """The tablet has this server, typed in by hand, and downloads exactly what the server lists unless told otherwise."""
        settings = Settings.defaults()
        settings.general |= {"server_url": server_url, "username": username, "password": password}
        settings.general |= {"form_update_mode": "match_exactly", **general}
        self.use(settings)

    @property
    def server_url(self) -> str:
        return str(self.settings.general["server_url"])

    # Requests

    def _login(self, url: str) -> Login:
        same = (urlsplit(url).hostname or "") == (urlsplit(self.server_url).hostname or "")
        if not same and self.strict:
            raise TabletError(openrosa.REPORT_IT, rule="1.14", detail=f"{url} is not on the host of the project")
        return self.client.login if same else Login()

    def get(self, url: str, faults: Faults | None = None) -> Response:
        """The answer to a GET as Collect sends it; raises TabletError with the enumerator's text when none comes."""
        try:
            return self.client.request(
                "GET", with_query(url, deviceID=self.device_id), login=self._login(url), faults=faults
            )
        except ssl.SSLError as insecure:
            text = (
                f"Collect can't connect securely to the server at {self.server_url}. Did you enter the URL correctly? "
            )
            raise TabletError(text + openrosa.REPORT_IT, rule="2.4", detail=str(insecure)) from insecure
        except (LinkLost, UnsupportedChallenge, OSError) as lost:
            raise TabletError(openrosa.REPORT_IT, rule="2.4", detail=str(lost)) from lost

    # Forms

    def form_list(self) -> list[ListedForm]:
        """The forms that the server lists for this tablet."""
        response = self.get(self.server_url.rstrip("/") + "/formList")
        if response.status != 200:
            raise openrosa.form_list_failure(response.status, self.server_url)
        return openrosa.read_form_list(response, self.server_url)

    def manifest(self, url: str) -> list[ListedMedia]:
        """The files beside a form."""
        response = self.get(url)
        if response.status != 200:
            raise TabletError(
                f"The server {self.server_url} returned status code {response.status}. {openrosa.REPORT_IT}", rule="3.2"
            )
        return openrosa.read_manifest(response, self.server_url)

    def sync(self) -> SyncReport:
        """The tablet has exactly the listed forms (match_exactly); raises TabletError when the list or a form could not be had."""
        report = SyncReport()
        wanted: list[tuple[ListedForm, list[ListedMedia] | None, str]] = []
        listed = self.form_list()
        for item in listed:
            files = None
            if item.manifest_url:
                try:
                    files = self.manifest(item.manifest_url)
                except TabletError as failure:
                    report.manifest_failures.append(failure)
            wanted.append((item, files, self._standing(item, files)))
        for form in list(self.forms):
            if form.form_id not in {item.form_id for item in listed}:
                waiting = any(one.form_id == form.form_id and one.status != "sent" for one in self.instances)
                self.forms.remove(form, hide=waiting)
                report.deleted.append(form.form_id)
        for item, files, standing in wanted:
            if standing == "on device":
                report.on_device.append(item.form_id)
                continue
            try:
                self._download(item, files, standing, report)
            except TabletError as failure:
                report.failures[item.form_id] = failure
        if self.strict and (report.failures or report.manifest_failures):
            raise next(iter([*report.failures.values(), *report.manifest_failures]))
        return report

    def form(self, form_id: str, version: str | None = None) -> StoredForm:
        """The newest copy of a form on the tablet, or the copy of that version."""
        for form in self.forms.all(form_id):
            if not form.deleted and version in (None, form.version):
                return form
        raise KeyError(f"the tablet has no form {form_id} {version or ''}")

    def _standing(self, item: ListedForm, files: list[ListedMedia] | None) -> str:
        known = self.forms.by_md5(item.hash or "")
        copies = [form for form in self.forms.all(item.form_id) if not form.deleted]
        if known is not None:
            if known.deleted:
                return "new"
            local = set(known.media_hashes().values())
            missing = [file for file in files or () if not file.filename.endswith(".zip") and file.hash not in local]
            return "updated media" if missing else "on device"
        if not copies:
            return "new"
        return "updated hash" if any(form.version == item.version for form in copies) else "updated version"

    def _download(self, item: ListedForm, files: list[ListedMedia] | None, standing: str, report: SyncReport) -> None:
        known = self.forms.by_md5(item.hash or "")
        same = [] if known else [form for form in self.forms.all(item.form_id) if form.version == item.version]
        if known is not None:
            known.deleted = False
        if self.strict and standing == "updated hash":
            raise TabletError(
                openrosa.REPORT_IT, rule="2.7", detail=f"{item.form_id} changed and kept version {item.version}"
            )
        try:
            response = self.get(item.download_url)
            if response.status != 200:
                text = f"The server {self.server_url} returned status code {response.status}. {openrosa.REPORT_IT}"
                raise TabletError(text, rule="2.5", detail=item.download_url)
            fresh = {file.filename: self._media(file, item, standing, report) for file in files or ()}
            form = self.forms.by_md5(md5(response.body)) or self._install(item, response.body)
        finally:
            for old in same:
                self.forms.remove(old)
        for name, content in fresh.items():
            if content is not None:
                form.media.mkdir(exist_ok=True)
                (form.media / name).write_bytes(content)
        (report.updated_media if standing == "updated media" else report.downloaded).append(item.form_id)

    def _install(self, item: ListedForm, content: bytes) -> StoredForm:
        meta = openrosa.read_form(content)
        if self.strict and md5(content) != item.hash:
            raise TabletError(
                openrosa.REPORT_IT, rule="2.6", detail=f"the listed hash of {item.form_id} is not that of its bytes"
            )
        if self.strict and (meta.form_id, meta.version) != (item.form_id, item.version):
            detail = f"listed as {item.form_id} {item.version}, the form says {meta.form_id} {meta.version}"
            raise TabletError(openrosa.REPORT_IT, rule="2.3", detail=detail)
        return self.forms.add(item.name, content, meta, time.time() + self.clock)

    def _media(self, file: ListedMedia, item: ListedForm, standing: str, report: SyncReport) -> bytes | None:
        copies = self.forms.all(item.form_id)
        there = next((form for form in copies if form.version == item.version), copies[0] if copies else None)
        held = there.media / file.filename if there else None
        if held and held.exists() and md5(held.read_bytes()) == file.hash:
            return None if standing == "updated media" else held.read_bytes()
        response = self.get(file.download_url)
        if response.status != 200:
            text = f"The server {self.server_url} returned status code {response.status}. {openrosa.REPORT_IT}"
            raise TabletError(text, rule="3.3", detail=file.filename)
        if self.strict and file.kind is None and md5(response.body) != file.hash:
            raise TabletError(
                openrosa.REPORT_IT, rule="3.3", detail=f"the listed hash of {file.filename} is not that of its bytes"
            )
        report.media.append(f"{item.form_id}/{file.filename}")
        return response.body

    # Instances

    def device(self) -> dict[str, str]:
        """What forms learn of the tablet and its user."""
        general = self.settings.general
        return {
            "deviceid": self.device_id,
            "username": str(general["metadata_username"] or general["username"]),
            "phonenumber": str(general["metadata_phonenumber"]),
            "email": str(general["metadata_email"]),
            "time_zone": self.time_zone,
        }

    def fill(
        self,
        javarosa: JavaRosa,
        form_id: str,
        answers: Mapping[str, Any] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> Instance:
        """A finalized instance of a form on the tablet, waiting to be sent; options as in JavaRosa.fill."""
        form = self.form(form_id, options.pop("version", None))
        filled = javarosa.fill(
            form.xform, answers, seed, form.media, device=self.device() | options.pop("device", {}), **options
        )
        return self.finalize(filled, form)

    def finalize(
        self, filled: Filled, form: StoredForm | None = None, *, form_id: str = "", version: str | None = None
    ) -> Instance:
        """The filled form waits on the tablet to be sent."""
        now = time.time() + self.clock
        stamp = datetime.fromtimestamp(now, ZoneInfo(self.time_zone)).strftime("%Y-%m-%d_%H-%M-%S")
        instance = Instance(
            filename=f"{file_name(filled.title)}_{stamp}.xml",
            xml=filled.xml,
            files=dict(filled.files),
            instance_id=filled.instance_id,
            form_id=form.form_id if form else form_id,
            form_version=form.version if form else version,
            submission_url=form.meta.submission_url if form else None,
            finalized=now,
        )
        self.instances.append(instance)
        return instance

    def send(self, **options: Any) -> list[Outcome]:
        """Everything finalized and not yet sent has been tried, oldest first; options as in `submit`."""
        outcomes = []
        for instance in sorted(self.instances, key=lambda one: one.finalized):
            if instance.status != "sent":
                outcomes.append(self.submit(instance, **options))
                if outcomes[-1].stops_batch:
                    break
        return outcomes

    def submit(
        self, instance: Instance, *, faults: Faults | None = None, order: str = "collect", resend: int = 0
    ) -> Outcome:
        """One try at sending an instance; `resend` sends it that many times more whatever the answers were.

        `order` of its POSTs: collect (one after the other, stopping at a failure), reverse, shuffle or parallel (all, whatever happens).
        """
        outcome = self._try(instance, faults, order)
        for _ in range(resend):
            outcome = self._try(instance, faults, order)
        return outcome

    def _try(self, instance: Instance, faults: Faults | None, order: str) -> Outcome:
        instance.status = "failed" if instance.status != "sent" else "sent"
        base = instance.submission_url or self.server_url.removesuffix("/") + "/submission"
        url = with_query(base, deviceID=self.device_id)
        limit = self._limit(url)
        if isinstance(limit, Outcome):
            return Outcome(instance.instance_id, False, limit.text, (), limit.stops_batch)
        posts = multipart.split(instance.filename, instance.xml, list(instance.files.items()), limit)
        answers = self._post_all(instance, url, posts, faults, order)
        statuses = tuple(answer.status if isinstance(answer, Response) else 0 for answer in answers)
        failure = next((text for answer in answers if (text := _failure(answer, url)) is not None), None)
        if failure is not None:
            return Outcome(instance.instance_id, False, failure, statuses)
        last = answers[-1]
        message = openrosa.read_message(last.body) if isinstance(last, Response) else None
        self._acknowledge(instance, len(posts), message)
        return Outcome(instance.instance_id, True, message or "", statuses)

    def _limit(self, url: str) -> int | Outcome:
        """The size that the server wants POSTs to keep to, or why there will be none."""
        try:
            response = self.client.request("HEAD", url, login=self._login(url))
        except (LinkLost, UnsupportedChallenge, OSError) as lost:
            return Outcome("", False, f"Error: {lost}")
        if response.status == 401:
            return Outcome(
                "", False, f"Invalid username or password for server: {urlsplit(url).hostname}", stops_batch=True
            )
        if response.status == 204:
            if self.strict and response.header("Location"):
                raise TabletError("the tablet forgets the size limit", rule="4.2", detail="Location on the HEAD answer")
            told = response.header("X-OpenRosa-Accept-Content-Length") or ""
            return int(told) if told.isdigit() else multipart.DEFAULT_LIMIT
        if 200 <= response.status < 300:
            text = f"Failed to send to {url}. Is this an OpenRosa submission endpoint? If you have a web proxy you may need to log in to "
            return Outcome("", False, f"{text}your network.\n\nHEAD request result status code: {response.status}")
        return multipart.DEFAULT_LIMIT

    def _post_all(
        self, instance: Instance, url: str, posts: list[multipart.Post], faults: Faults | None, order: str
    ) -> list[Response | Exception]:
        turns = list(posts)
        if order == "reverse":
            turns.reverse()
        elif order == "shuffle":
            self.random.shuffle(turns)
        if order == "parallel":
            with ThreadPoolExecutor(len(turns)) as pool:
                return list(pool.map(lambda post: self._post(instance, url, post, faults), turns))
        answers: list[Response | Exception] = []
        for post in turns:
            answers.append(self._post(instance, url, post, faults))
            if order == "collect" and _failure(answers[-1], url) is not None:
                break
        return answers

    def _post(self, instance: Instance, url: str, post: multipart.Post, faults: Faults | None) -> Response | Exception:
        answer: Response | Exception
        try:
            answer = self.client.request(
                "POST",
                url,
                body=post,
                length=len(post),
                content_type=post.content_type,
                login=self._login(url),
                faults=faults,
            )
        except (LinkLost, UnsupportedChallenge, OSError) as lost:
            answer = lost
        with self._journal_lock:
            status = answer.status if isinstance(answer, Response) else 0
            self.journal.attempts.append((instance.instance_id, post.files, status))
        return answer

    def _acknowledge(self, instance: Instance, posts: int, message: str | None) -> None:
        instance.status = "sent"
        done = Acknowledged(
            instance_id=instance.instance_id,
            form_id=instance.form_id,
            form_version=instance.form_version,
            xml_sha256=hashlib.sha256(instance.xml).hexdigest(),
            files={name: hashlib.sha256(content).hexdigest() for name, content in instance.files.items()},
            posts=posts,
            message=message,
            at=time.time(),
        )
        with self._journal_lock:
            self.journal.acknowledged.append(done)
        copy = next((form for form in self.forms.all(instance.form_id) if form.version == instance.form_version), None)
        told = copy.meta.auto_delete if copy else None
        if told == "true" or (told is None and self.settings.general["delete_send"]):
            self.instances = [one for one in self.instances if one is not instance]

    def wipe(self) -> None:
        """Nothing is left on the tablet's disk."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _failure(answer: Response | Exception, url: str) -> str | None:
    """The text that Collect shows for the answer to a POST; None when it counts as success."""
    if isinstance(answer, Exception):
        return str(answer) or type(answer).__name__
    if answer.status in (201, 202):
        return None
    if answer.status == 204:
        return "java.lang.Exception"
    if answer.status == 200:
        return "Error:  Error: Network login failure? Again?"
    if answer.status == 401:
        return f"Error: {answer.reason} (401) at {url}"
    message = openrosa.read_message(answer.body)
    if message is not None:
        return f"Error: {message}"
    if answer.status == 400:
        return "Failed to upload. Please make sure the form is configured to accept submissions on the server"
    return f"Error: {answer.reason} ({answer.status}) at {url}"
