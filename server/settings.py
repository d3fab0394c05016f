"""Every setting, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

LANGUAGES = ("en", "es")
FILING_PLACES = ("process", "worker", "off")
DOORS = ("tablet", "desk", "api")
ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104
SHORTEST_TOKEN = 16
SHORTEST_TOKEN = 16
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BadSetting(Exception):
    """A setting cannot be used; the text names it and says what to write."""


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """The same absolute folder from wherever Fieldcase is started."""
    if shared := environment.get("XDG_DATA_HOME"):
        return Path(shared) / "fieldcase"
    home = environment.get("HOME")
    return Path(home) / ".local/share/fieldcase" if home else Path("/var/lib/fieldcase")


@dataclass(frozen=True)
class Settings:
    """How this installation runs; see docs/settings.md."""

    data_dir: Path
    key_file: Path
    intake_key_file: Path | None = None
    database_url: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = "http://127.0.0.1:8080"
    behind_proxy: bool = False
    doors: tuple[str, ...] = DOORS
    filing: str = "process"
    strict: bool = False
    two_person_publish: bool = False
    time_zone: str = "America/Belize"
    language: str = "en"
    threads: int = 8
    accept_bytes: int = 10_000_000
    largest_post: int = 250 * 1024 * 1024
    java: str = "java"
    metrics_token: str = field(default="", repr=False)
    backup_dir: Path | None = None
    backup_every: int = 24  # hours
    backup_keep_days: int = 35
    mirror_dir: Path | None = None
    files_url: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = field(default="", repr=False)
    s3_secret_key: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The database's address; SQLite in the data folder unless another is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'fieldcase.db'}"

    @property
    def database_file(self) -> Path | None:
        """The SQLite database's file; None on PostgreSQL."""
        kind, _, place = self.url.partition(":///")
        return Path(place.partition("?")[0]) if kind == "sqlite" else None

    @property
    def https(self) -> bool:
        """True when browsers and tablets reach this installation over https."""
        return self.base_url.startswith("https://")

    @property
    def loopback(self) -> bool:
        """True when only this machine reaches this installation."""
        return (urlsplit(self.base_url).hostname or "") in LOOPBACK

    @property
    def zone(self) -> ZoneInfo:
        """The ministry's time zone."""
        return ZoneInfo(self.time_zone)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of the environment's FIELDCASE_* variables; raises BadSetting."""
    env = dict(os.environ if environment is None else environment)
    data_dir = Path(env.get("FIELDCASE_DATA_DIR") or default_data_dir(env)).expanduser().absolute()
    values: dict[str, Any] = {"data_dir": data_dir, "key_file": data_dir / "keys" / "master.key"}
    for setting in fields(Settings):
        text = env.get(f"FIELDCASE_{setting.name.upper()}", "").strip()
        if text and setting.name != "data_dir":
            values[setting.name] = READERS.get(setting.name, _text)(f"FIELDCASE_{setting.name.upper()}", text)
    if "base_url" not in values:
        values["base_url"] = _own_address(values)
    return Settings(**values)


def _own_address(values: Mapping[str, Any]) -> str:
    host, port = values.get("host", Settings.host), values.get("port", Settings.port)
    if host in ANYWHERE:
        raise BadSetting(
            f"FIELDCASE_HOST={host} listens on every address; set FIELDCASE_BASE_URL to the one that tablets use, "
            f"for example http://192.168.1.20:{port}"
        )
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _text(_name: str, text: str) -> str:
    return text


def _path(_name: str, text: str) -> Path:
    return Path(text).expanduser().absolute()


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**10:
        raise BadSetting(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


def _port(name: str, text: str) -> int:
    port = _number(name, text)
    if port > 65535:
        raise BadSetting(f"{name} must be a port from 1 to 65535, not {text!r}")
    return port


def _switch(name: str, text: str) -> bool:
    if text.lower() not in {"0", "1", "no", "yes", "false", "true"}:
        raise BadSetting(f"{name} must be 1 or 0, not {text!r}")
    return text.lower() in {"1", "yes", "true"}


def _address(name: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise BadSetting(f"{name} must be an address like https://fieldcase.example.org, not {text!r}")
    return text.rstrip("/")


def _database(name: str, text: str) -> str:
    kind, _, place = text.partition("://")
    if kind == "sqlite" and not place.startswith("//"):
        raise BadSetting(f"{name} must give SQLite's file from the root on, like sqlite:////var/lib/fieldcase/cases.db")
    try:
        urlsplit(text).port  # noqa: B018  Asked for, since a port that is no number is told only then.
    except ValueError:
        kind = ""
    if kind not in {"sqlite", "postgresql", "postgresql+psycopg"} or not place:
        raise BadSetting(f"{name} must be an address like postgresql://user:password@host:5432/name")
    return text


def _bucket(name: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise BadSetting(f"{name} must be an address like s3://bucket/folder, not {text!r}")
    return text.rstrip("/")


def _token(name: str, text: str) -> str:
    if len(text) < SHORTEST_TOKEN or not text.isascii():
        raise BadSetting(f"{name} must have at least {SHORTEST_TOKEN} letters and digits that nobody can guess")
    return text


def _one_of(*choices: str) -> Any:
    def read(name: str, text: str) -> str:
        if text not in choices:
            raise BadSetting(f"{name} must be one of {', '.join(choices)}, not {text!r}")
        return text

    return read


def _doors(name: str, text: str) -> tuple[str, ...]:
    doors = tuple(door.strip() for door in text.split(",") if door.strip())
    if not doors or not set(doors) <= set(DOORS):
        raise BadSetting(f"{name} must name some of {', '.join(DOORS)}, not {text!r}")
    return doors


def _time_zone(name: str, text: str) -> str:
    if text not in available_timezones():
        raise BadSetting(f"{name} must be a time zone like America/Belize, not {text!r}")
    return text


READERS: dict[str, Any] = {
    "key_file": _path,
    "intake_key_file": _path,
    "database_url": _database,
    "port": _port,
    "base_url": _address,
    "behind_proxy": _switch,
    "doors": _doors,
    "filing": _one_of(*FILING_PLACES),
    "strict": _switch,
    "two_person_publish": _switch,
    "time_zone": _time_zone,
    "language": _one_of(*LANGUAGES),
    "threads": _number,
    "accept_bytes": _number,
    "metrics_token": _token,
    "largest_post": _number,
    "backup_dir": _path,
    "backup_every": _number,
    "backup_keep_days": _number,
    "mirror_dir": _path,
    "files_url": _bucket,
    "s3_endpoint": _address,
}
