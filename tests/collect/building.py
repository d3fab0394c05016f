"""The Java half of the tablet, compiled when it is needed."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import time
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "java"
BUILD = HERE / "build"
APT_LINE = "apt-get install --no-install-recommends default-jdk-headless"
DAY = 86_400.0


def missing() -> str | None:
    """Why forms cannot be filled on this machine, with the line that mends it; None when they can."""
    if shutil.which("java") is None or shutil.which("javac") is None:
        return f"the tablet's form engine needs a Java compiler and runtime: {APT_LINE}"
    return None


def jar() -> Path:
    """The archive with JavaRosa that pyxform ships for its validation."""
    return Path(str(files("pyxform"))) / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"


def build() -> Path:
    """The folder of compiled classes, made once for these sources and this jar however many processes ask."""
    sources = sorted(SOURCES.rglob("*.java"))
    version = subprocess.run(["javac", "-version"], capture_output=True, check=True).stdout
    digest = hashlib.sha256(version + b"".join(path.name.encode() + path.read_bytes() for path in [*sources, jar()]))
    classes = BUILD / digest.hexdigest()[:20]
    BUILD.mkdir(exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not classes.is_dir():
            with tempfile.TemporaryDirectory(dir=BUILD) as fresh:
                out = Path(fresh) / "classes"
                command = ["javac", "-nowarn", "-d", str(out), "-cp", str(jar()), *map(str, sources)]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    raise RuntimeError(f"the tablet's Java sources do not compile:\n{done.stderr}")
                out.rename(classes)
            for old in BUILD.iterdir():
                if old.is_dir() and old != classes and old.stat().st_mtime < time.time() - DAY:
                    shutil.rmtree(old, ignore_errors=True)
    return classes
