"""Whether what the database confirms is there after the power failed."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.cli.checks import Check
from server.settings import Settings

OLDEST_POSTGRESQL = 14
BUSY = 0.8  # of the connections that the database server takes
FAR = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"})


def durability(session: Session, settings: Settings, now: datetime) -> Check:
    """What the database confirms is on its disk, also after the power fails."""
    if settings.database_file is not None:
        return _of_sqlite(settings.database_file)
    loose = [name for name in ("fsync", "synchronous_commit", "full_page_writes") if _shown(session, name) == "off"]
    version = _shown(session, "server_version")
    if loose:
        says = f"PostgreSQL {version} confirms what a power cut takes back: {', '.join(loose)} is off"
        return Check("durability", "bad", says, f"ALTER SYSTEM RESET {loose[0]}; SELECT pg_reload_conf();")
    if int(_shown(session, "server_version_num")) < OLDEST_POSTGRESQL * 10_000:
        return Check("durability", "warn", f"PostgreSQL {version} is no longer mended", "upgrade the database server")
    used = session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")) or 0
    most = int(_shown(session, "max_connections"))
    if used > most * BUSY:
        says = f"PostgreSQL {version}: {used} of {most} connections are taken"
        return Check("durability", "warn", says, "raise max_connections, or run fewer nodes")
    return Check("durability", "ok", f"PostgreSQL {version} confirms what is on the disk")


def _of_sqlite(database: Path) -> Check:
    kind = _file_system(database.resolve())
    if kind in FAR:
        says = f"SQLite on {kind}: its locks and its syncs do not hold over a network"
        return Check("durability", "bad", says, "move the database to a disk of this machine, or use PostgreSQL")
    return Check("durability", "ok", "SQLite confirms what is on the disk")


def _file_system(path: Path) -> str:
    """The kind of file system that the path lies on."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    held = [(len(words[1]), words[2]) for words in mounts if path.is_relative_to(words[1])]
    return max(held, default=(0, ""))[1]


def _shown(session: Session, name: str) -> str:
    return str(session.scalar(select(func.current_setting(name))))
