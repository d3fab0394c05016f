"""ODK Validate: JavaRosa, the engine inside Collect, opens the form as a tablet would."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xlsforms.limits import Limits

JAR = Path("validators", "odk_validate", "bin", "ODK_Validate.jar")
# The quick compiler alone: it takes half of the time for forms of usual size.
JAVA = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true")
WITH_CPU_LIMIT = 'ulimit -t "$1"; shift; exec "$@"'
READ_AT_MOST = 200_000
# How a shell or Python says that the limit of computing time was reached.
TOO_LONG = (-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL)
NOISE = re.compile(r"\s+at [\w.$]+\(|\s+\.\.\. \d+ more|>>|The following files failed|Result: |Validating: |form\.xml$")
EXCEPTION = re.compile(r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): ")
NULL = re.compile(r"java\.lang\.NullPointerException.*")
NULL_MEANS = "It refers to something that is not in the form, such as the text of a label."
NODE = re.compile(r" ?Bad node: \S+@[0-9a-f]+")


@dataclass(frozen=True)
class Verdict:
    """What ODK Validate says: its complaint ("" when the form opens), or the row of findings.csv that says why none."""

    complaint: str = ""
    not_run: str = ""


def validate(xform: bytes, limits: Limits) -> Verdict:
    """Whether JavaRosa opens this form."""
    java, jar = shutil.which(os.environ.get("FIELDCASE_JAVA", "java")), _jar()
    if java is None or jar is None:
        return Verdict(not_run="@java-missing")
    with tempfile.TemporaryDirectory(prefix="fieldcase-") as folder:
        Path(folder, "form.xml").write_bytes(xform)
        command = [java, *JAVA, f"-Djava.io.tmpdir={folder}", "-jar", str(jar), "form.xml"]
        try:
            status = _run(
                ["sh", "-c", WITH_CPU_LIMIT, "sh", str(limits.validate_cpu_seconds), *command], folder, limits
            )
        except subprocess.TimeoutExpired:
            return Verdict(not_run="@validate-slow")
        with Path(folder, "said").open(errors="replace") as said:
            return _judge(status, said.read(READ_AT_MOST))


def _jar() -> Path | None:
    pyxform = importlib.util.find_spec("pyxform")
    folders = list(pyxform.submodule_search_locations or ()) if pyxform else []
    return next((Path(folder) / JAR for folder in folders if (Path(folder) / JAR).exists()), None)


def _run(command: list[str], folder: str, limits: Limits) -> int:
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    with Path(folder, "said").open("wb") as said:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            timeout=limits.validate_wall_seconds,
            check=False,
        ).returncode


def _judge(status: int, said: str) -> Verdict:
    if status == 0:
        return Verdict()
    if "OutOfMemoryError" in said:
        return Verdict(not_run="@validate-memory")
    if "Result: Invalid" not in said:
        return Verdict(not_run="@validate-slow" if status in TOO_LONG else "@java-stopped")
    return Verdict(complaint=_cleaned(said))


def _cleaned(said: str) -> str:
    """The first complaint, without Java's names, stack and doubles."""
    kept: list[str] = []
    for line in NULL.sub(NULL_MEANS, said).splitlines():
        if line.startswith("Caused by: ") and kept:
            break
        text = NODE.sub(" it is not a complete expression", EXCEPTION.sub("", line)).strip()
        if text and not NOISE.match(line) and text not in kept:
            kept.append(text)
    return "\n".join(kept)
