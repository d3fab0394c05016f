"""Documents keep their word: nothing that people meet is missing from them, and nothing they name is missing here."""

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from cases.publishing import check_form
from server.cli import main
from server.errors import STATUS
from server.settings import Settings
from tests.tree import FILES, ROOT

MADE = ("server/static/built", "docs/proofs.md", "docs/performance.md")  # made by set-up or by long runs
# Exceptions that nobody meets: filing and checking turn them into reasons and findings.
TURNED = {
    "ChildFailed",
    "Held",
    "NotACaseCode",
    "NotAScreening",
    "NotAValue",
    "NotFiled",
    "NotTaken",
    "NotText",
    "RecordAwaited",
    "UnreadableForm",
    "XPathError",
}
# What may not stand in a file of ours: folders of one machine, and addresses that each machine sets for itself.
FOREIGN = re.compile(
    r"(?<![\w.-])/(?:work/(?:main|shared|\.)|tmp/[a-z]|root/\.)"
    r"|\b(?:"
    + "|".join(["pypi" + r"\.org", "files" + r"\.pythonhosted", "registry" + r"\.npmjs", "deb" + r"\.debian\.org"])
    + ")"
)

FOLDERS = {str(parent) for name in FILES for parent in Path(name).parents}
DOCUMENTS = [name for name in FILES if name.endswith(".md") and not name.startswith("tests/")]
NAMES = {Path(name).name for name in FILES}


def code(document: str) -> Iterator[str]:
    """Every piece of code in a document: between backticks, fenced, or set in by four blanks."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"^ {4}(\S.*)$", prose, re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", prose)


def below(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group by name."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its full name."""
    for name, command in below(group).items():
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield " ".join((*path, name)), command
            yield from commands(command, (*path, name))
        elif not command.hidden:
            yield " ".join((*path, name)), command


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_documented_with_its_default(name):
    variable = f"FIELDCASE_{name.upper()}"
    rows = re.findall(rf"^\| `{variable}` \| (.*?) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert len(rows) == 1, f"{variable} needs one row in docs/settings.md"
    default = next(field.default for field in fields(Settings) if field.name == name)
    if isinstance(default, tuple):
        default = ",".join(default)
    if default not in (MISSING, None, "") and name != "base_url":
        assert f"`{int(default) if isinstance(default, bool) else default}`" in rows[0]


def test_every_variable_that_the_code_reads_is_documented():
    documented = set(re.findall(r"FIELDCASE_[A-Z_]+", (ROOT / "docs/settings.md").read_text()))
    read = {}
    for name in FILES:
        if name.endswith((".py", "Makefile", ".ci/run", ".java")) and name != "tests/test_documents.py":
            for variable in re.findall(r"FIELDCASE_[A-Z][A-Z_]*[A-Z]", (ROOT / name).read_text()):
                read[variable] = name
    assert {variable: name for variable, name in read.items() if variable not in documented} == {}


def test_every_command_is_documented_with_its_options():
    text = (ROOT / "docs/commands.md").read_text()
    sections = dict(re.findall(r"^## `fieldcase ([a-z -]+?)(?: [A-Z\[][^`\n]*)?`\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    known_commands = dict(commands())
    assert sorted(sections) == sorted(known_commands)
    missing = {
        name: [option for option in options_of(command) if f"`{option}" not in sections[name]]
        for name, command in known_commands.items()
    }
    assert {name: options for name, options in missing.items() if options} == {}


def options_of(command: click.Command) -> list[str]:
    """The long names of a command's options, but for those that every command has."""
    options = [max(option.opts, key=len) for option in command.params if isinstance(option, click.Option)]
    return [option for option in options if option not in {"--json", "--help"}]


def test_every_exception_is_documented_with_its_status():
    text = (ROOT / "docs/errors.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", text, re.MULTILINE))
    assert rows == {kind.__name__: str(status) for kind, status in STATUS.items()}


def test_every_exception_that_people_can_meet_is_documented():
    text = (ROOT / "docs/errors.md").read_text()
    assert [name for name in defined() if name not in TURNED and f"`{name}`" not in text] == []


def defined() -> Iterator[str]:
    """The exceptions that our packages define."""
    classes: dict[str, list[str]] = {}
    for name in FILES:
        if name.endswith(".py") and not name.startswith("tests/"):
            tree = ast.parse((ROOT / name).read_text())
            found = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
            classes |= {node.name: [ast.unparse(base) for base in node.bases] for node in found}

    def is_one(name: str) -> bool:
        kind = getattr(builtins, name, None)
        known = isinstance(kind, type) and issubclass(kind, Exception)
        return known or name.endswith("Exception") or any(is_one(base) for base in classes.get(name, ()))

    return (name for name in classes if is_one(name))


def test_every_reason_for_setting_aside_is_documented():
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/errors.md").read_text(), re.MULTILINE))
    assert set(reasons()) == documented


def reasons() -> Iterator[str]:
    """The codes that filing and receiving give: of the exceptions, and of reasons written as they are."""
    for name in FILES:
        if name.startswith(("cases/", "submissions/")) and name.endswith(".py"):
            for node in ast.walk(ast.parse((ROOT / name).read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"NotFiled", "Held"}:
                    yield from (one.value for one in node.args if isinstance(one, ast.Constant))
                if isinstance(node, ast.Dict):
                    told = {
                        getattr(key, "value", None): value for key, value in zip(node.keys, node.values, strict=True)
                    }
                    code = getattr(told.get("code"), "value", None)
                    yield from [code] if isinstance(code, str) else []


def test_every_file_that_a_document_names_is_there():
    assert each_document(lambda document: [name for name in named_files(document) if not exists(name)]) == {}


def each_document(look: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """What is wrong with each document; those with which nothing is wrong are left out."""
    return {document: found for document in DOCUMENTS if (found := look(document))}


def named_files(document: str) -> Iterator[str]:
    """The paths in a document's code, and its links to other files."""
    for piece in code(document):
        for word in re.split(r"[\s,;()=]+", piece):
            path = word.strip(".:'\"").rstrip("/")
            in_a_folder = re.fullmatch(r"[\w.-]+(/[\w.*-]+)+", path) and path.split("/")[0] in FOLDERS
            if in_a_folder or re.fullmatch(r"[\w-]+\.(?:md|py)", path):
                yield path
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / document).read_text()):
        if "://" not in link:
            yield str((ROOT / document).parent.joinpath(link).resolve().relative_to(ROOT))


def exists(name: str) -> bool:
    """True for a file or folder of the repository, for a file's bare name, and for what is made later."""
    return name.startswith(MADE) or name in NAMES or (ROOT / name).exists() or ("*" in name and any(ROOT.glob(name)))


def test_every_command_that_a_document_names_is_there():
    def unknown(document: str) -> list[str]:
        return [" ".join(words) for piece in code(document) for words in called(piece) if not known(words)]

    assert each_document(unknown) == {}


def called(piece: str) -> Iterator[list[str]]:
    """The words after each `fieldcase`, as far as they can be names of commands."""
    for rest in re.findall(r"(?:^|[ /])fieldcase((?: +[a-z][a-z-]*)+)", piece):
        yield rest.split()


def known(words: list[str]) -> bool:
    """True when the words begin with the name of a command or of a group of commands."""
    here: click.Command = main
    for word in words:
        if not isinstance(here, click.Group):
            return True  # The rest are arguments.
        if word not in below(here):
            return False
        here = below(here)[word]
    return True


def test_every_make_target_that_a_document_names_is_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    def unknown(document: str) -> list[str]:
        named = {word for piece in code(document) for word in re.findall(r"(?:^|\s)make ([a-z]+)", piece)}
        return sorted(named - targets)

    assert each_document(unknown) == {}


def test_the_designers_example_compiles_and_feeds_a_case():
    example = re.search(r"```text\n(\|.*?)```", (ROOT / "docs/designers.md").read_text(), re.DOTALL)
    checked = check_form(example[1].encode(), "short.md", now=datetime.now(UTC))
    assert [finding.message for finding in checked.findings if finding.code != "not-validated"] == []
    assert {rule.kind for rule in checked.mapping.records} == {"screening", "person", "case", "consent", "movement"}


def test_every_decision_stands_in_their_list():
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text())
    assert listed == sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))


def test_no_file_names_a_folder_of_one_machine_or_a_registry():
    found = {}
    for name in FILES:
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found[name] = [match[0] for match in FOREIGN.finditer(content.decode("utf-8", "replace"))]
    assert {name: matches for name, matches in found.items() if matches} == {}
