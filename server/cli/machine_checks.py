"""What `fieldcase doctor` looks at on the machine: whose files these are, and whether the clock is kept."""

import ctypes
import os
import pwd
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from server.cli.checks import Check
from server.settings import Settings

MOST = 20_000  # files that are looked at
TIME_ERROR = 5  # what ntp_gettime(3) says of a clock that nobody keeps
TIMEVAL = 64  # bytes of its answer, with room to spare


def owner(settings: Settings) -> Check:
    """Everything in the data folder belongs to the user whom the server runs as, and commands run as the same."""
    folder = settings.data_dir
    if not folder.is_dir():
        return Check("owner", "ok", "there is nothing yet")
    user, me = folder.stat().st_uid, os.geteuid()
    strange = sum(path.lstat().st_uid != user for path in islice(_below(folder), MOST))
    if strange:
        says = f"{strange} files in {folder} belong to another user than the folder: the server may not read them"
        return Check("owner", "bad", says, f"chown -R --from=root {_name(user)} {folder}")
    if me != user:
        says = f"{folder} belongs to {_name(user)}, and this is {_name(me)}: the server may not read what you write"
        return Check("owner", "warn", says, f"sudo -u {_name(user)} fieldcase ...")
    return Check("owner", "ok", _name(user))


def time_keeping(settings: Settings) -> Check:
    """The machine's clock is kept by NTP or the like."""
    return said_of_clock(clock_is_kept())


def said_of_clock(kept: bool | None) -> Check:
    """What a clock that is kept, is not, or does not say, means."""
    if kept is None:
        return Check("time keeping", "ok", "this system does not say whether its clock is kept")
    if not kept:
        return Check("time keeping", "warn", "nobody keeps this machine's clock", "timedatectl set-ntp true")
    return Check("time keeping", "ok", "the clock is kept")


def clock_is_kept() -> bool | None:
    """What the kernel says of its clock; None where it cannot be asked."""
    ask = getattr(ctypes.CDLL(None), "ntp_gettime", None)
    return None if ask is None else ask(ctypes.create_string_buffer(TIMEVAL)) != TIME_ERROR


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *names))


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


MACHINE: tuple[Callable[[Settings], Check], ...] = (owner, time_keeping)
