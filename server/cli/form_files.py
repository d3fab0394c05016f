"""Files that a form begins with or ends in: `form new`, `form print`, and the marked workbook of `form check`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cases.case_forms import CASE_FORMS
from server.cli.output import json_option, print_json
from server.runtime import clock

if TYPE_CHECKING:
    from cases.mapping import Before
    from cases.publishing import Checked

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
force_option = click.option("--force", is_flag=True, help="Overwrite the file if it is there.")


@click.command()
@click.option("--case-form", type=click.Choice(CASE_FORMS), required=True, help="What kind of form it shall be.")
@click.option("-o", "--output", type=OUT, required=True, help="The workbook to write (.xlsx).")
@force_option
@json_option
def new(case_form: str, output: Path, force: bool, as_json: bool) -> None:
    """Write a workbook to start from: example questions, and lists of fields, codes and types to choose from."""
    from cases.starters import starter_workbook

    if output.suffix.lower() != ".xlsx":
        raise click.ClickException(f"'{output.name}' does not end in .xlsx; a starter is an Excel workbook.")
    write_new(output, starter_workbook(case_form, today=clock().date()), force=force)
    if as_json:
        print_json({"file": str(output), "case_form": case_form})
    else:
        click.echo(f"Written: {output}. Change the questions, then: fieldcase form check {output}")


@click.command("print")
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=OUT, required=True, help="The page to write (.html).")
@click.option("--language", default="", help="One of the form's languages, such as es; its own by default.")
@force_option
@json_option
def print_(file: Path, output: Path, language: str, force: bool, as_json: bool) -> None:
    """Write a form as a page for print: questions with numbers, boxes to tick, and when each is asked."""
    from server.printing import printed
    from xlsforms.compile import compile_form, compile_xform, version_at
    from xlsforms.paper import printable_language
    from xlsforms.workbook import read_workbook

    if output.suffix.lower() not in (".html", ".htm"):
        raise click.ClickException(f"'{output.name}' does not end in .html; a browser prints that page, to PDF too.")
    content = file.read_bytes()
    if file.suffix.lower() == ".xml":
        form = compile_xform(content, file.name)
    else:
        form = compile_form(read_workbook(content, file.name), fallback_version=version_at(clock()))
    write_new(output, printed(form.definition, language).encode(), force=force)
    spoken = printable_language(form.definition, language)
    if as_json:
        print_json({"file": str(output), "language": spoken})
        return
    click.echo(f"Written: {output}{f', in {spoken}' if spoken else ''}. Open it in a browser and print it.")


def write_marked(path: Path, checked: "Checked | None", language: str) -> None:
    """The workbook stands there with its findings at their cells; each check writes the file anew."""
    from xlsforms.marked import marked_workbook

    if checked is None or checked.workbook is None:
        raise click.ClickException("Only a workbook that can be read is written back with marks.")
    if path.suffix.lower() != ".xlsx":
        raise click.ClickException(f"'{path.name}' does not end in .xlsx; a marked copy is an Excel workbook.")
    path.write_bytes(marked_workbook(checked.workbook, checked.findings, language))


def version_before(file: Path) -> "Before":
    """The questions of an earlier workbook and what they fed."""
    from cases.mapping import Before
    from cases.publishing import check_form

    was = check_form(file.read_bytes(), file.name, now=clock())
    if was.compiled is None:
        raise click.ClickException(f"{file.name} has errors itself, so nothing can be compared with it.")
    return Before(was.compiled.definition, was.mapping)


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """The file holds this; one that was there stays unless it may be overwritten."""
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError as there:
        raise click.ClickException(f"{path} is there already; choose another name, or add --force.") from there
