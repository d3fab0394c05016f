"""What all commands have in common: help, JSON, one line for what goes wrong, and a quick start."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server.cli import COMMANDS, main
from server.cli.refusals import sentence

ARGUMENTS = {
    "form publish": ["FORM"],
    "form close": ["small"],
    "form diff": ["small"],
    "form open": ["small"],
    "person add": ["ana@example.org", "--name", "Ana (invented)", "--role", "manager"],
    "person link": ["ana@example.org"],
    "person disable": ["ana@example.org"],
    "person enable": ["ana@example.org"],
    "agency add": ["Invented Agency"],
    "device enrol": ["Tablet 01"],
    "device revoke": ["Tablet 01"],
    "submission refile": ["--all"],
    "case show": ["TIP-2222-2"],
    "key intake": ["intake.key"],
}
# What works on a key file or a backup alone has words of its own for what is missing.
ON_A_FILE_ALONE = {
    *("backup verify", "restore", "mirror replay"),
    *("key copy", "key verify", "key restore", "key status", "key lock", "key unlock"),
}
WITHOUT_INSTALLATION = {
    *("init", "form check", "form new", "form print", "form try", "doctor", "worker"),
    *ON_A_FILE_ALONE,
}


def leaves(command: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from leaves(found, (*path, name))


LEAVES = dict(leaves())


def test_the_commands_that_are_promised_are_there():
    promised = (
        "init, serve, worker, migrate, form check, form publish, form list, form close, form open, person add, "
        "person list, person link, person disable, agency add, agency list, device enrol, device revoke, device list, "
        "submission list, submission refile, case list, case show, key intake, audit verify, doctor"
    )
    assert set(promised.split(", ")) <= set(LEAVES)


@pytest.mark.parametrize("words", LEAVES)
def test_every_command_has_help_and_json(words):
    result = CliRunner().invoke(main, [*words.split(), "--help"])
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert " ".join(LEAVES[words].help.split()) in " ".join(result.stdout.split())


def test_the_short_words_in_the_list_are_about_commands_that_exist():
    assert set(COMMANDS) == {words.split()[0] for words in LEAVES}
    assert all(words.endswith(".") for _module, words in COMMANDS.values())


@pytest.mark.parametrize("words", sorted(set(LEAVES) - WITHOUT_INSTALLATION))
def test_without_an_installation_each_command_says_in_one_line_what_to_run(words, bare):
    form = bare.folder / "small.xml"
    form.write_text("<nothing/>")
    arguments = [str(form) if one == "FORM" else one for one in ARGUMENTS.get(words, [])]
    for more in ([], ["--json"]):
        result = bare.run(*words.split(), *arguments, *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: There is no Fieldcase in ")
        assert "Run `fieldcase init`" in result.stderr
        assert result.stderr.count("\n") == 1
    assert not bare.data.exists()


@pytest.mark.parametrize(
    "setting, value, named",
    [
        ("FIELDCASE_PORT", "many", "FIELDCASE_PORT"),
        ("FIELDCASE_HOST", "0.0.0.0", "FIELDCASE_BASE_URL"),
        ("FIELDCASE_TIME_ZONE", "Mars/Olympus", "FIELDCASE_TIME_ZONE"),
        ("FIELDCASE_DATABASE_URL", "mysql://root:secret@host/name", "FIELDCASE_DATABASE_URL"),
        ("FIELDCASE_DATABASE_URL", "sqlite:///cases.db", "FIELDCASE_DATABASE_URL"),
        ("FIELDCASE_DATABASE_URL", "postgresql://root:secret@host:port/name", "FIELDCASE_DATABASE_URL"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(embedded, setting, value, named):
    result = embedded.run("form", "list", **{setting: value})
    assert result.exit_code == 1
    assert named in result.stderr
    assert "secret" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_database_that_cannot_be_reached_is_told_without_its_password(embedded):
    away = "postgresql://fieldcase:secret@127.0.0.1:9/fieldcase"
    result = embedded.run("form", "list", FIELDCASE_DATABASE_URL=away)
    assert result.exit_code == 1
    assert "FIELDCASE_DATABASE_URL" in result.stderr
    assert "secret" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_nobody_foresaw_is_told_by_its_kind_and_place_and_never_by_its_text():
    try:
        int("Maria (invented)")
    except ValueError as error:
        said = sentence(error)
    assert "ValueError at " in said
    assert "test_commands.py" in said
    assert "Maria" not in said


def test_a_wrong_command_is_a_usage_error(embedded):
    assert embedded.run("frm", "list").exit_code == 2
    assert embedded.run("person", "add", "ana@example.org").exit_code == 2
    assert embedded.run("person", "add", "ana@example.org", "--name", "Ana", "--role", "queen").exit_code == 2
    assert embedded.run("form", "publish", "nowhere.xlsx").exit_code == 2


LISTS = ["form list", "person list", "agency list", "device list", "submission list", "case list"]


@pytest.mark.parametrize("words", LISTS)
def test_a_list_of_nothing_is_an_empty_array(fieldcase, words):
    rows = fieldcase.json(*words.split())
    assert rows == ([{"id": 1, "name": "Our agency"}] if words == "agency list" else [])


def test_the_command_works_from_any_folder_and_takes_paths_relative_to_it(embedded, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "small.csv").write_text(
        "survey,type,name,label\n,text,place,Where?\nsettings,form_id,version\n,small,1\n"
    )
    done = embedded.process("form", "publish", "small.csv", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert [row["form_id"] for row in embedded.json("form", "list")] == ["small"]


@pytest.mark.parametrize(
    "arguments, spared",
    [
        ("--help", ["sqlalchemy", "flask", "lxml", "cryptography"]),
        ("form list", ["flask", "werkzeug", "alembic", "pyxform", "waitress", "structlog", "cases.dictionary"]),
        ("case list", ["flask", "werkzeug", "alembic", "pyxform", "waitress", "structlog"]),
        ("device list", ["flask", "werkzeug", "alembic", "pyxform", "waitress"]),
    ],
)
def test_a_command_starts_without_loading_what_it_does_not_need(embedded, arguments, spared):
    code = (
        "import sys\n"
        "from server.cli import main\n"
        f"main({arguments.split()!r}, standalone_mode=False)\n"
        f"print(*(name for name in {spared!r} if name in sys.modules), file=sys.stderr, sep=',')"
    )
    environment = {**embedded.environment, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == ""


def test_only_its_owner_may_read_what_the_command_writes(embedded):
    assert [path for path in embedded.data.rglob("*") if path.stat().st_mode & 0o077] == []


def test_every_command_is_written_down_where_its_users_look():
    epilogue = CliRunner().invoke(main, ["--help"]).stdout
    assert all(f"  {name} " in epilogue for name in COMMANDS)
