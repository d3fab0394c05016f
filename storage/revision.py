"""Whether a database has the newest schema, told without loading the migrations' tools, so that commands start fast."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from storage.database import unavailable_is_said

VERSIONS = Path(__file__).with_name("migrations") / "versions"


def newest_revision() -> str:
    """The newest migration's number: the files are named by it, `0001_foundation.py`."""
    return max(path.name for path in VERSIONS.glob("[0-9]*_*.py")).partition("_")[0]


def is_newest(engine: Engine) -> bool:
    """True when every migration has run; raises DatabaseUnavailable."""
    with unavailable_is_said(), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == newest_revision())
