"""The master key's file, which lives outside database, files and backups, and the intake key's file."""

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path

from storage.sealing import KEY_BYTES, IntakeKeys, Keyring, new_key

MASTER = "fieldcase-master-key-1"
INTAKE = "fieldcase-intake-key-1"
WARNING = (
    "# Whoever holds this file and the database reads every case. Without it nobody reads any. Keep a copy elsewhere.\n"
)


class BadKeyFile(Exception):
    """The key file cannot be used; the text says why and how to mend it."""


def make_key_file(path: Path) -> None:
    """A new master key stands in the file, readable by its owner alone; an existing file is left as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{secrets.token_hex(4)}.half")
    try:
        _write(half, f"{WARNING}{MASTER} {base64.b64encode(new_key()).decode()}\n")
        with suppress(FileExistsError):  # A link, unlike a new name, never takes the place of a file.
            os.link(half, path)
    finally:
        half.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_key_file(path: Path) -> Keyring:
    """The key ring of the file's master key; raises BadKeyFile."""
    name, _, text = _line(path).partition(" ")
    if name != MASTER:
        raise BadKeyFile(f"{path} holds no {MASTER}. Set FIELDCASE_KEY_FILE to the file that `fieldcase init` made.")
    try:
        master = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadKeyFile(f"{path} is damaged. Restore the file from the copy you keep of it.") from error
    if len(master) != KEY_BYTES:
        raise BadKeyFile(f"{path} is damaged. Restore the file from the copy you keep of it.")
    return Keyring.of(master)


def write_intake_file(path: Path, keys: IntakeKeys) -> None:
    """The file lets a node take submissions in without being able to open them."""
    half = path.with_name(f"{path.name}.{secrets.token_hex(4)}.half")
    try:
        _write(half, f"{INTAKE} {keys.to_text()}\n")
        os.rename(half, path)
    finally:
        half.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_intake_file(path: Path) -> IntakeKeys:
    """The intake keys of the file; raises BadKeyFile."""
    name, _, text = _line(path).partition(" ")
    try:
        if name == INTAKE:
            return IntakeKeys.from_text(text)
    except ValueError as error:
        raise BadKeyFile(f"{path} is damaged. Write it again with `fieldcase key intake`.") from error
    raise BadKeyFile(f"{path} holds no {INTAKE}. Write it with `fieldcase key intake`.")


def sync_folder(folder: Path) -> None:
    """The folder's entries are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, text: str) -> None:
    """The text is on the disk, in a new file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError as error:
        raise BadKeyFile(f"{path} does not exist. Put the key file back, or set FIELDCASE_KEY_FILE.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadKeyFile(f"{path} cannot be read: {type(error).__name__}. Check its owner and mode (0600).") from error
    return next((line.strip() for line in lines if line.strip() and not line.startswith("#")), "")
