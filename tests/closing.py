"""What a test run says at its end: which tests were skipped, and the one command that enables them; or the proofs."""

import os
import platform
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

COMMAND = r"(?P<command>(?:sudo )?(?:apt(?:-get)? install|make) .+)"
REASON = re.compile(r"(?:Skipped: )?(?P<what>.+?)(?: is missing; install it with)?: " + COMMAND, re.DOTALL)
APT = re.compile(r"(?:sudo )?apt(?:-get)? install (?P<packages>.+)")
# The doors, and what starts processes of its own: servers, browsers, Java, the compiler's child.
SLOW_FOLDERS = frozenset({"journeys", "collect", "bench", "questionnaires", "server", "proofs", "deploy"})
SLOW_FILES = frozenset({"test_compile.py", "test_hostile.py", "test_backup.py", "test_key_custody.py"})
SLOW_FIXTURES = frozenset({"browser", "page", "postgresql_url", "javarosa", "make_tablet"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only the short tests: no browser, no tablet, no proof")
    parser.addoption("--write-proofs", metavar="FILE", help="write what was proved, and its figures, to FILE")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --quick, whatever takes long is left out."""
    if config.getoption("--quick"):
        slow = [item for item in items if is_slow(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def is_slow(item: pytest.Item) -> bool:
    """True for proofs, for what comes through a door, and for what starts processes of its own."""
    fixtures = SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return bool(
        item.get_closest_marker("proof") or (SLOW_FOLDERS | SLOW_FILES).intersection(item.path.parts) or fixtures
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With FIELDCASE_REQUIRE_ALL=1 a run that skipped a test has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and os.environ.get("FIELDCASE_REQUIRE_ALL") == "1":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in about_skipped([reason(report) for report in terminalreporter.stats.get("skipped", ())]):
        terminalreporter.write_line(line, yellow=True)
    target = terminalreporter.config.getoption("--write-proofs")
    if target:
        told = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
        Path(target).write_text("\n".join(proofs(told)) + "\n", encoding="utf-8")
        terminalreporter.write_line(f"The proofs are written to {target}.")


def reason(report: pytest.TestReport) -> str:
    """Why a test was skipped."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def about_skipped(reasons: Sequence[str]) -> list[str]:
    """What was skipped, in plain words, and the command that would enable it; nothing when nothing was skipped."""
    if not reasons:
        return []
    known = [match for match in map(REASON.fullmatch, reasons) if match]
    others = Counter(text.removeprefix("Skipped: ") for text in reasons if not REASON.fullmatch(text))
    missing = Counter(match["what"] for match in known)
    lines = [f"{len(reasons)} tests were skipped."]
    lines += [f"  {count} without: {what}" for what, count in missing.most_common()]
    lines += [f"  {count}: {text}" for text, count in others.most_common()]
    if command := one_command([match["command"] for match in known]):
        lines.append(f"To run them too, as root: {command}")
    if os.environ.get("FIELDCASE_REQUIRE_ALL") == "1":
        lines.append("FIELDCASE_REQUIRE_ALL=1 is set, so the run has failed.")
    return lines


def one_command(commands: Sequence[str]) -> str:
    """Several installations in one line."""
    packages: dict[str, None] = {}
    others: dict[str, None] = {}
    for command in commands:
        apt = APT.fullmatch(command.strip())
        if apt:
            packages |= dict.fromkeys(word for word in apt["packages"].split() if not word.startswith("-"))
        else:
            others[command] = None
    if "default-jdk-headless" in packages:
        packages.pop("default-jre-headless", None)  # The compiler's package brings the runtime.
    apt_line = [f"apt-get install -y --no-install-recommends {' '.join(packages)}"] if packages else []
    return " && ".join([*apt_line, *others])


def proofs(reports: Sequence[pytest.TestReport]) -> Iterator[str]:
    """The page of proofs: one row a test, with the figures that it recorded."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    yield from (
        "# Proofs",
        "",
        f"Made by `make prove` on {datetime.now(UTC):%d %B %Y}, with {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {system}.",
        "Figures hold for that machine; compare them with each other, not with other machines.",
        "",
        "| what | result | figures | seconds |",
        "| --- | --- | --- | --- |",
    )
    for report in sorted(reports, key=lambda one: one.nodeid):
        if report.when == "call":
            figures = "; ".join(f"{name}: {value}" for name, value in report.user_properties)
            yield f"| {sentence(report.nodeid)} | {report.outcome} | {figures} | {report.duration:.1f} |"


def sentence(nodeid: str) -> str:
    """A test's name as the sentence that it is, with its place."""
    path, _, name = nodeid.partition("::")
    words, _, case = name.removeprefix("test_").partition("[")
    case = f" ({case.rstrip(']')})" if case else ""
    return f"{words.replace('_', ' ').capitalize()}{case} (`{path}`)"
