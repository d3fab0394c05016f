"""A process that checks one workbook after the other, as the server does, and says what became of each."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cases.publishing import check_form
from xlsforms.workbook import UnreadableWorkbook


def memory() -> float:
    """This process's memory in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def check(path: Path, name: str) -> dict[str, object]:
    """The outcome, what was said, the seconds it took and the memory afterwards."""
    begun = time.monotonic()
    try:
        checked = check_form(path.read_bytes(), name, now=datetime.now(UTC))
        errors = [f"{finding.code}: {finding.message}" for finding in checked.findings if finding.severity == "error"]
        outcome, said = ("refused" if checked.refused else "accepted"), errors
    except UnreadableWorkbook as problem:
        outcome, said = "unreadable", [str(problem)]
    return {"outcome": outcome, "said": said, "seconds": time.monotonic() - begun, "memory": memory()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(check(Path(json.loads(line)["path"]), json.loads(line)["name"])), flush=True)
