"""The house is in order: floors, sizes, names, licences and locks."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.closing import about_skipped, one_command, sentence
from tests.tree import FILES, ROOT

# Lines. Tests are lists of sentences and may be longer; style sheets and pages are between.
LONGEST, LONGEST_LOOK, LONGEST_TEST = 300, 350, 600
UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
LOCKS = ("requirements-uv.lock", "requirements.lock", "requirements-dev.lock")
# Licences that ask for no more than their notice; words as packages write them.
PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC\b|0BSD|PSF|Python Software Foundation|Zope|ZPL|Unlicense|Public Domain|Unicode|zlib",
    re.IGNORECASE,
)
# Only when NOTICE names the package.
TOLD = re.compile(r"\bLGPL|Lesser General Public|\bMPL\b|Mozilla Public", re.IGNORECASE)
FORBIDDEN = re.compile(r"\bA?GPL|(?<!Lesser )General Public License|SSPL|Commons Clause|Business Source", re.IGNORECASE)


def sources(*endings: str) -> list[str]:
    """Our own source files, but for migrations, which are written by a tool."""
    return [name for name in FILES if name.endswith(endings) and "/migrations/versions/" not in name]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_package_imports_only_floors_below_it():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_floors_name_every_package():
    project = tomllib.loads(text("pyproject.toml"))
    packages = {name.split("/")[0] for name in FILES if name.endswith("/__init__.py")} - {"tests"}
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    assert {name for layer in layers for name in layer.split(" : ")} == packages
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == packages
    assert set(project["tool"]["mypy"]["packages"]) == packages


def test_no_module_is_a_drawer_for_odds_and_ends():
    drawers = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [name for name in FILES if drawers & {part.partition(".")[0] for part in Path(name).parts}] == []


def test_files_are_short():
    def most(name: str) -> int:
        look = name.endswith((".html", ".scss"))
        return LONGEST_TEST if name.startswith("tests/") else LONGEST_LOOK if look else LONGEST

    lengths = {name: text(name).count("\n") for name in sources(".py", ".java", ".js", ".html", ".scss")}
    assert {name: length for name, length in lengths.items() if length > most(name)} == {}


def test_every_module_says_what_it_is():
    def silent(name: str) -> bool:
        tree = ast.parse(text(name))
        return bool(tree.body) and ast.get_docstring(tree) is None

    assert [name for name in sources(".py") if not Path(name).name.startswith("test_") and silent(name)] == []


def test_nothing_is_left_for_later():
    found = {name: UNFINISHED.findall(text(name)) for name in sources(".py", ".java", ".js", ".html", ".scss", ".md")}
    assert {name: words for name, words in found.items() if words} == {}


def test_nothing_is_swallowed():
    def swallowed(name: str) -> list[int]:
        handlers = [node for node in ast.walk(ast.parse(text(name))) if isinstance(node, ast.ExceptHandler)]
        return [node.lineno for node in handlers if all(isinstance(line, ast.Pass) for line in node.body)]

    found = {name: swallowed(name) for name in sources(".py") if not name.startswith("tests/")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def locked(name: str) -> dict[str, str | None]:
    """The packages of a lock, each with the marker that says where it is installed."""
    rows = re.findall(r"^([A-Za-z0-9._-]+)==[^\s;]+(?: ; ([^\\\n]+))?", text(name), re.MULTILINE)
    return {canonicalize_name(package): marker.strip() or None for package, marker in rows}


def test_locks_hold_hashes_and_no_addresses():
    for name in LOCKS:
        assert "://" not in text(name)
        assert "--index" not in text(name)
        rows = re.split(r"^(?=\S)", text(name), flags=re.MULTILINE)
        assert [row.split()[0] for row in rows if row.strip() and "--hash=sha256:" not in row] == []
    packages = json.loads(text("server/assets/package-lock.json"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_every_dependency_is_locked():
    project = tomllib.loads(text("pyproject.toml"))
    needed = {canonicalize_name(Requirement(line).name) for line in project["project"]["dependencies"]}
    tools = {canonicalize_name(Requirement(line).name) for line in project["dependency-groups"]["dev"]}
    assert needed - set(locked("requirements.lock")) == set()
    assert (needed | tools) - set(locked("requirements-dev.lock")) == set()
    names = [Requirement(line).name for line in project["project"]["dependencies"]]
    assert names == sorted(names)


def licence(package: str) -> str:
    """What the package says about its licence: the expression, the classifiers, the field, or the text itself."""
    held = importlib.metadata.distribution(package)
    said = [held.metadata.get("License-Expression") or ""]
    said += [word for word in held.metadata.get_all("Classifier") or () if word.startswith("License ::")]
    if not any(said):
        said.append(held.metadata.get("License") or "")
    if not any(said):
        texts = [file for file in held.files or () if re.search(r"licen[cs]e|copying", file.name, re.IGNORECASE)]
        said += [file.read_text() for file in texts[:1]]
    return " ".join(said)


def allowed(package: str, words: str) -> bool:
    if TOLD.search(words):
        return re.search(rf"^[^\n]*\b{re.escape(package)}\b", text("NOTICE"), re.MULTILINE) is not None
    granted = "Redistribution and use in source and binary forms" in words or "Permission is hereby granted" in words
    return bool(PERMISSIVE.search(words) or granted) and not FORBIDDEN.search(words)


def test_what_fieldcase_runs_on_may_be_passed_on():
    here = {
        package for package, marker in locked("requirements.lock").items() if not marker or Marker(marker).evaluate()
    }
    assert {package: licence(package) for package in here if not allowed(package, licence(package))} == {}


def test_the_licences_of_what_browsers_get_stand_in_the_notice():
    packages = json.loads(text("server/assets/package.json"))["dependencies"]
    fonts = {"@fontsource-variable/atkinson-hyperlegible-next": "Atkinson Hyperlegible Next"}
    assert [name for name in packages if fonts.get(name, name) not in text("NOTICE")] == []


def test_set_up_leaves_the_clone_clean():
    if os.environ.get("CI"):  # Elsewhere somebody may be working on it.
        command = ["git", "-C", str(ROOT), "status", "--porcelain"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_continuous_integration_runs_everything():
    script = text(".ci/run")
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "make check" in script
    assert "make test" in script
    assert "FIELDCASE_REQUIRE_ALL=1" in script


def test_continuous_integration_installs_what_any_test_needs():
    ours = [name for name in FILES if name.startswith("tests/") and name.endswith(".py")]
    named = [re.findall(r"apt-get install ([\w -]+)", text(name)) for name in ours]
    packages = {word for lines in named for line in lines for word in line.split() if not word.startswith("-")}
    installed = set(re.findall(r"[a-z0-9]+:([a-z0-9-]+)", text(".ci/run"))) | {"default-jre-headless"}
    assert packages - installed == set()


def test_a_run_names_what_it_skipped_and_one_command_that_enables_it():
    lines = about_skipped(
        [
            "Skipped: Chromium is missing; install it with: apt-get install -y chromium",
            "Skipped: forms are filled by Java: apt-get install -y default-jdk-headless",
            "Skipped: Chromium is missing; install it with: apt-get install -y chromium",
            "Skipped: only on Tuesdays",
        ]
    )
    assert lines[:4] == [
        "4 tests were skipped.",
        "  2 without: Chromium",
        "  1 without: forms are filled by Java",
        "  1: only on Tuesdays",
    ]
    assert lines[4].endswith("apt-get install -y --no-install-recommends chromium default-jdk-headless")
    assert about_skipped([]) == []


def test_commands_that_are_no_installations_are_joined_too():
    assert one_command(["make setup", "sudo apt install nginx-light"]).endswith("nginx-light && make setup")


def test_a_proof_reads_as_a_sentence():
    assert (
        sentence("tests/x/test_y.py::test_nothing_is_lost[sqlite]") == "Nothing is lost (sqlite) (`tests/x/test_y.py`)"
    )
