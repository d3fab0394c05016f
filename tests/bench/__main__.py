"""`make bench`: every figure that Fieldcase promises, in one run, beside the floor; they go to docs/performance.md."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date

from tests.bench import exports, lists, posting, workbooks
from tests.bench.rig import ROOT, SCALE, Target, machine, screening, sync_cost

REPORT = ROOT / "docs" / "performance.md"
SECTIONS: dict[str, Callable[[], Iterator[str | Target]]] = {
    "Posts": posting.compared,
    "Form lists": lists.form_lists,
    "Reading submissions back": exports.downloads,
    "Many submissions": posting.growing,
    "Workbooks": workbooks.checked,
}
ABOUT = (
    "Measured by `make bench`, which runs the floor and Fieldcase one after the other under the same load on the same "
    "cores, which the load generator shares. The floor is the least program that could do the job: waitress, "
    "werkzeug's multipart, lxml, one durable row in SQLite; nothing checked, sealed, audited or filed. Compare the "
    "figures with each other; they are no promise for another machine."
)


def report(names: list[str]) -> str:
    """The sections of these names, measured one after the other, and what they come to."""
    begun, sections, targets = time.perf_counter(), "", list[Target]()
    where, sync = machine(), sync_cost()
    for name in names:
        sections += f"\n## {name}\n\n"
        for found in SECTIONS[name]():
            print(found if isinstance(found, Target) else found.rstrip(), flush=True)
            if isinstance(found, Target):
                targets.append(found)
            else:
                sections += found
    free = shutil.disk_usage(tempfile.gettempdir()).free // 2**30
    minutes = (time.perf_counter() - begun) / 60
    measured = (
        f"Measured on {date.today():%d %B %Y} in {minutes:.0f} minutes at scale {SCALE:g}: {where}; a 4 KiB write with "
        f"fsync takes {sync:.2f} ms; {free} GiB free. A post holds {len(screening('1')):,} bytes of XML whose 112 "
        "answers become assertions; a photo 200 kB."
    )
    return f"# Performance\n\n{ABOUT}\n\n{measured}\n{sections}\n## Targets\n\n{''.join(table(targets))}"


def table(targets: list[Target]) -> Iterator[str]:
    """What was wanted and what was reached."""
    yield "| figure | target | reached | |\n| --- | --- | --- | --- |\n"
    for one in targets:
        yield f"| {one.figure} | {one.wanted} | {one.reached} | {'yes' if one.met else 'no'} |\n"


def main() -> None:
    """All sections are measured and written down; those named on the command line are measured and only told."""
    named = [name for name in SECTIONS if name.split()[0].lower() in sys.argv[1:]]
    told = report(named or list(SECTIONS))
    if not named:
        REPORT.write_text(told, encoding="utf-8")
    print(told)


if __name__ == "__main__":
    main()
