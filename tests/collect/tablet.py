"""A tablet made of software: Collect's settings, forms and instances, and its manners towards the server."""

from __future__ import annotations

import hashlib
import random
import shutil
import socket
import ssl
import string
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tests.collect import submit, sync
from tests.collect.cache import HttpCache
from tests.collect.client import Client, Login, Response, UnsupportedChallenge, with_query
from tests.collect.entitylists import EntityList
from tests.collect.faults import Faults, LinkLost
from tests.collect.javarosa import Filled, JavaRosa
from tests.collect.journal import Journal
from tests.collect.openrosa import REPORT_IT, ListedForm, TabletError
from tests.collect.settings import Settings
from tests.collect.store import FormStore, Instance, StoredForm, file_name
from tests.collect.submit import Outcome
from tests.collect.sync import SyncReport
from tests.collect.wire import Route

LETTERS = string.ascii_letters + string.digits


class Tablet:
    """One installation of Collect with one project, everything of it in `folder`.

    `routes` says where a host of the server really is; over a `proxied` route the tablet believes in https and speaks
    to us as the proxy that ended TLS. A strict tablet raises TabletError where Collect would lose something in silence.
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
        self.lists: dict[str, EntityList] = {}
        self.instances: list[Instance] = []
        self.journal = Journal()
        self.client = self._client()

    def _client(self) -> Client:
        login = Login(self.settings.general["username"], self.settings.general["password"])
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

    def wipe(self) -> None:
        """Nothing is left on the tablet's disk."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def scan(self, settings_qr: str) -> None:
        """The tablet has the settings of this code, every key that the code leaves out at its default."""
        self.use(Settings.from_qr(settings_qr))

    def configure(self, server_url: str, username: str = "", password: str = "", **general: Any) -> None:
        """The tablet has this server, typed in by hand, and matches its list exactly unless told otherwise."""
        settings = Settings.defaults()
        settings.general |= {"server_url": server_url, "username": username, "password": password}
        settings.general |= {"form_update_mode": "match_exactly", **general}
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """The tablet has these settings; raises TabletError when it passes over some of them and is strict."""
        if self.strict and settings.dropped:
            raise TabletError("passed over in silence", rule="7.2", detail=", ".join(settings.dropped))
        self.client.close()
        self.settings = settings
        self.client = self._client()

    @property
    def server_url(self) -> str:
        return str(self.settings.general["server_url"])

    def login(self, url: str) -> Login:
        """The login for a URL: empty away from the project's host, where a strict tablet raises TabletError instead."""
        if (urlsplit(url).hostname or "") == (urlsplit(self.server_url).hostname or ""):
            return self.client.login
        if self.strict:
            raise TabletError(REPORT_IT, rule="1.14", detail=f"{urlsplit(url).hostname} is not the host of the project")
        return Login()

    def get(self, url: str, faults: Faults | None = None) -> Response:
        """The answer to a GET; raises TabletError with the enumerator's text when there is none."""
        whole = with_query(url, deviceID=self.device_id)
        ask = f"the server at {self.server_url}. Did you enter the URL correctly? {REPORT_IT}"
        try:
            return self.client.request("GET", whole, login=self.login(url), faults=faults)
        except ssl.SSLError as insecure:
            raise TabletError(
                f"Collect can't connect securely to {ask}", rule="2.4", detail=str(insecure)
            ) from insecure
        except socket.gaierror as nowhere:
            raise TabletError(f"Collect can't reach {ask}", rule="2.4", detail=str(nowhere)) from nowhere
        except (LinkLost, UnsupportedChallenge, OSError) as lost:
            raise TabletError(REPORT_IT, rule="2.4", detail=str(lost)) from lost

    def form_list(self) -> list[ListedForm]:
        """The forms that the server lists for this tablet; see `sync.fetch_form_list`."""
        return sync.fetch_form_list(self)

    def sync(self, faults: Faults | None = None) -> SyncReport:
        """The tablet has exactly the listed forms; see `sync.sync`."""
        return sync.sync(self, faults)

    def poll(self, faults: Faults | None = None) -> SyncReport:
        """The tablet did what its form update mode does by itself; see `sync.poll`."""
        return sync.poll(self, faults)

    def download(self, *form_ids: str) -> SyncReport:
        """The chosen forms are on the tablet; see `sync.download`."""
        return sync.download(self, *form_ids)

    def form(self, form_id: str, version: str | None = None) -> StoredForm:
        """The newest copy of a form on the tablet, or the copy of that version; KeyError when there is none."""
        for form in self.forms.all(form_id):
            if not form.deleted and version in (None, form.version):
                return form
        raise KeyError(f"the tablet has no form {form_id} {version or ''}".rstrip())

    def keep_list(self, fresh: EntityList) -> None:
        """The entity list is on the tablet, and on its disk."""
        self.lists[fresh.name] = fresh
        (self.folder / "lists").mkdir(exist_ok=True)
        (self.folder / "lists" / f"{fresh.name}.csv").write_bytes(fresh.csv())

    def has_unsent(self, form_id: str) -> bool:
        return any(instance.form_id == form_id and instance.status != "sent" for instance in self.instances)

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
        *,
        version: str | None = None,
        device: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Instance:
        """A finalized instance of a form on the tablet, waiting to be sent; options as in JavaRosa.fill."""
        form = self.form(form_id, version)
        media: Path | dict[str, bytes] = form.media
        if form.lists:
            media = {path.name: path.read_bytes() for path in form.media.iterdir()}
            media |= {f"{name}.csv": self.lists[name].csv() for name in form.lists}
        saved = form.media / "last-saved.xml"
        options.setdefault("last_saved", saved.read_bytes() if saved.exists() else None)
        known = {**self.device(), **(device or {})}
        return self.finalize(javarosa.fill(form.xform, answers, seed, media, device=known, **options), form)

    def edit(
        self, javarosa: JavaRosa, sent: Instance, answers: Mapping[str, Any] | None = None, **options: Any
    ) -> Instance:
        """A new instance that replaces one still on the tablet, with its files and these answers changed."""
        form = self.form(sent.form_id, sent.form_version)
        known = self.device()
        edited = self.finalize(
            javarosa.fill(form.xform, answers, media=form.media, device=known, edit=sent.xml, **options), form
        )
        edited.files = {**sent.files, **edited.files}
        return edited

    def finalize(self, filled: Filled, form: StoredForm) -> Instance:
        """The filled form waits on the tablet to be sent."""
        now = time.time() + self.clock
        stamp = datetime.fromtimestamp(now, ZoneInfo(self.time_zone)).strftime("%Y-%m-%d_%H-%M-%S")
        instance = Instance(
            filename=f"{file_name(filled.title)}_{stamp}.xml",
            xml=filled.xml,
            files=dict(filled.files),
            instance_id=filled.instance_id,
            form_id=form.form_id,
            form_version=form.version,
            submission_url=form.meta.submission_url,
            finalized=now,
        )
        self.instances.append(instance)
        if form.meta.public_key is None:
            (form.media / "last-saved.xml").write_bytes(filled.saved)
        return instance

    def send(self, faults: Faults | None = None, order: str = "collect") -> list[Outcome]:
        """Everything unsent has been tried once, oldest first; a refused login stops the batch."""
        outcomes = []
        for instance in sorted(self.instances, key=lambda one: one.finalized):
            if instance.status != "sent":
                outcomes.append(self.submit(instance, faults, order))
                if outcomes[-1].stops_batch:
                    break
        return outcomes

    def submit(
        self, instance: Instance, faults: Faults | None = None, order: str = "collect", *, resend: int = 0
    ) -> Outcome:
        """The last of 1 + `resend` tries at sending an instance, whatever the answers were; see `submit.submit`."""
        for _ in range(resend):
            submit.submit(self, instance, faults, order)
        outcome = submit.submit(self, instance, faults, order)
        if outcome.sent and self._deletes_sent(instance):
            self.instances = [one for one in self.instances if one is not instance]
        return outcome

    def _deletes_sent(self, instance: Instance) -> bool:
        copies = [form for form in self.forms.all(instance.form_id) if form.version == instance.form_version]
        told = copies[0].meta.auto_delete if copies else None
        return bool(self.settings.general["delete_send"]) if told is None else told.strip().lower() == "true"
