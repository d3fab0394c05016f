"""What `fieldcase doctor` looks at outside the database: keys, folders, disk, address, Java, assets."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import server
from server.figures import free_bytes
from server.settings import Settings
from storage.keyfile import BadKeyFile, load_key_file, read_intake_file

GB = 1024**3
FREE_BAD, FREE_WARN = GB // 2, 2 * GB  # bytes
BUILT = Path(server.__file__).parent / "static" / "built"


@dataclass(frozen=True)
class Check:
    """One thing looked at: `ok`, `warn` or `bad`, what is so, and what to do about it."""

    name: str
    state: str
    says: str
    do: str = ""


def data_folder(settings: Settings) -> Check:
    """The data folder is there and for its owner alone."""
    folder = settings.data_dir
    if not folder.is_dir():
        return Check("data folder", "bad", f"{folder} is not there", "fieldcase init, or set FIELDCASE_DATA_DIR")
    if folder.stat().st_mode & 0o077:
        return Check("data folder", "warn", f"{folder} is open to others on this machine", f"chmod 700 {folder}")
    return Check("data folder", "ok", str(folder))


def key_file(settings: Settings) -> Check:
    """The key file can be read, by its owner alone, and does not lie beside the data."""
    path = settings.intake_key_file or settings.key_file
    try:
        read_intake_file(path) if settings.intake_key_file else load_key_file(path)
    except BadKeyFile as error:
        return Check("key file", "bad", str(error), "put the file back from the copy you keep: fieldcase key restore")
    if path.stat().st_mode & 0o077:
        return Check("key file", "bad", f"{path} can be read by others on this machine", f"chmod 600 {path}")
    if settings.intake_key_file is None and path.is_relative_to(settings.data_dir):
        do = "move it to another disk, set FIELDCASE_KEY_FILE, keep a copy elsewhere"
        return Check("key file", "warn", f"{path} lies beside the data: whoever takes this disk reads every case", do)
    return Check("key file", "ok", str(path))


def disk_space(settings: Settings) -> Check:
    """There is room for what tablets send."""
    free = free_bytes(settings.data_dir)
    says = f"{free / GB:.1f} GB free for {settings.data_dir}"
    if free < FREE_WARN:
        return Check("disk space", "bad" if free < FREE_BAD else "warn", says, "free some, or move the data folder")
    return Check("disk space", "ok", says)


def base_url(settings: Settings) -> Check:
    """Tablets and browsers reach the server over https, unless it is tried out on one machine."""
    if settings.https:
        return Check("address", "ok", f"{settings.base_url}; tablets sign in by Basic")
    if settings.loopback:
        return Check("address", "ok", f"{settings.base_url}; only this machine reaches it")
    says = f"{settings.base_url} is not encrypted; each tablet's secret stands in its address"
    return Check(
        "address", "warn", says, "put a proxy with a certificate before it, set FIELDCASE_BASE_URL=https://..."
    )


def java(settings: Settings) -> Check:
    """Java runs, so that forms are tried as a tablet would open them."""
    found = shutil.which(settings.java)
    do = "apt install default-jre-headless"
    if found is None:
        return Check("java", "warn", "not there: forms are published without being tried by ODK Validate", do)
    try:
        done = subprocess.run([found, "-version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("java", "warn", f"{found} does not start ({type(error).__name__}): forms are not validated", do)
    if done.returncode:
        return Check("java", "warn", f"{found} does not start: forms are not validated", do)
    return Check("java", "ok", found)


def assets(settings: Settings) -> Check:
    """The pages' style sheet and scripts are compiled."""
    if "desk" not in settings.doors:
        return Check("pages", "ok", "the desk's door is closed here")
    try:
        names = json.loads((BUILT / "manifest.json").read_text()).values()
    except (OSError, ValueError):
        return Check("pages", "bad", "style sheet and scripts are not compiled", "make setup")
    if missing := [name for name in names if not (BUILT / name).exists()]:
        return Check("pages", "bad", f"{len(missing)} compiled files are missing", "make setup")
    return Check("pages", "ok", "style sheet and scripts are compiled")


OUTSIDE: tuple[Callable[[Settings], Check], ...] = (data_folder, key_file, disk_space, base_url, java, assets)
