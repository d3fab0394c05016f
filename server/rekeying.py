"""The master key is changed: a new seed in the key file first, then everything sealed anew under it, page by page.

Whatever interrupts it, every value opens: the key file holds the earlier seeds too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from audit.trail import OPERATOR, Action, record
from server.control import ask
from server.runtime import Runtime, clock
from storage.custody import note_key
from storage.database import Database
from storage.faults import fault
from storage.keyfile import KeyFile, changing, load_key_file, replace_key_file, write_new
from storage.roots import rewrap_roots
from storage.sealing import Keyring
from submissions.rekeying import (
    reseal_attachments,
    reseal_draft_attachments,
    reseal_draft_submissions,
    reseal_submissions,
)

Page = Callable[..., Any]
PAGES: tuple[Page, ...] = (
    *(rewrap_roots, reseal_submissions, reseal_attachments),
    *(reseal_draft_submissions, reseal_draft_attachments),
)


class FileInTheWay(Exception):
    """There is a file of this name already, which is left as it is. Choose another name."""


def change_key(running: Runtime, passphrase: str | None, *, copy: Path | None) -> Keyring:
    """A new seed is in use, in the key file and in every process that runs here; the ring that has it is returned.

    `copy` is written before anything is sealed under it. Raises BadKeyFile, WrongPassphrase, FileInTheWay.
    """
    path = running.settings.key_file
    with changing(path):
        fresh = Keyring.of(load_key_file(path).ring(passphrase).master.rotated())
        held = KeyFile.of(fresh, passphrase)
        if copy is not None and not write_new(copy, held.to_text()):
            raise FileInTheWay(f"{copy} is there already. Choose another name.")
        replace_key_file(path, held)
    fault("K15")
    ask(running.settings, {"do": "renew", "key": KeyFile.of(fresh).to_text()})
    running.unlock(fresh)
    with running.database.begin() as session:
        note_key(session, fresh, now=clock())
        record(session, OPERATOR, Action.KEY_CHANGED, f"key:{fresh.key_id}", now=clock())
    return fresh


def seal_anew(database: Database, *, done: Callable[[], None] = lambda: None) -> None:
    """Nothing is left that was sealed for an earlier key and can be sealed for the one in use.

    `done` is called after each page, which is a transaction of its own. Raises KeysLocked, SealBroken.
    """
    for page in PAGES:
        _all_pages(database, page, done)


def _all_pages(database: Database, page: Page, done: Callable[[], None]) -> None:
    behind: dict[str, Any] = {}
    while True:
        with database.begin() as session:
            last = _turn(session, page, behind)
        done()
        if last is None:
            return
        behind = {"after": last}


def _turn(session: Session, page: Page, behind: dict[str, Any]) -> Any:
    return page(session, **behind)
