"""Forms: checked, published, listed, closed and opened."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.trail import OPERATOR
from server.cli import form_changes, form_files, form_trial
from server.cli.opening import installation
from server.cli.output import iso, json_option, print_json, print_rows, print_table, spoken
from server.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.mapping import Before
    from xlsforms.published import Published

JSON_OF_CHECK = ("findings", "refused", "form_id", "version", "mapped", "translations")
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
mapping_option = click.option("--mapping", type=FILE, help="A mapping file (CSV) that feeds the form into cases.")
project_option = click.option("--project", type=int, metavar="ID", help="The project; the first one by default.")


@click.group()
def form() -> None:
    """Begin, check, try, print, publish, list, close and open forms."""


form.add_command(form_files.new)
form.add_command(form_files.print_)
form.add_command(form_changes.diff)
form.add_command(form_trial.try_)


@form.command()
@click.argument("file", type=FILE)
@mapping_option
@click.option("--media", type=FILE, multiple=True, help="A file that comes with the form; give it again for each.")
@click.option(
    "--before", type=FILE, help="The version that tablets have, to be told which mapped answers would be lost."
)
@click.option(
    "--marked", type=form_files.OUT, help="Write the workbook with its cells marked and commented here (.xlsx)."
)
@click.option("--language", type=click.Choice(["en", "es"]), help="Of what is said; the office's by default.")
@json_option
def check(
    file: Path,
    mapping: Path | None,
    media: tuple[Path, ...],
    before: Path | None,
    marked: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Say all that is to be said about a form (.xlsx, .xls, .csv, .md, .xml); nothing is stored."""
    checked = _check(file, mapping, media=media, before=before, language=language)
    if marked is not None:
        form_files.write_marked(marked, checked["form"], language or spoken())
    _print_findings(checked, as_json=as_json)
    if marked is not None and not as_json:
        click.echo(f"Marked: {marked}.")
    if checked["refused"]:
        _refuse(checked)
    if not as_json:
        click.echo(f"{file.name} can be published{'' if checked['mapped'] else '; its answers feed no case'}.")


@form.command()
@click.argument("file", type=FILE)
@click.option("--media", type=FILE, multiple=True, help="A file that the form names; give it again for each.")
@mapping_option
@click.option(
    "--client-editable/--no-client-editable",
    default=None,
    help="Tablets may edit what they sent, from this version on; as it was by default.",
)
@project_option
@json_option
def publish(
    file: Path,
    media: tuple[Path, ...],
    mapping: Path | None,
    client_editable: bool | None,
    project: int | None,
    as_json: bool,
) -> None:
    """Publish a form (.xlsx, .xls, .csv, .md, .xml): tablets fetch it from now on."""
    from accounts.projects import get_project
    from cases.comparing import before_of
    from cases.publishing import publish_form
    from forms.editing import switch
    from forms.library import published_in

    with installation() as running:
        with running.database.read() as session:
            published = published_in(session, get_project(session, project).id)

        def find_before(form_id: str) -> "Before | None":
            with running.database.read() as session:
                return before_of(session, get_project(session, project).id, form_id)

        checked = _check(file, mapping, media=media, published=published, find_before=find_before)
        if checked["refused"]:
            _print_findings(checked, as_json=as_json)
            _refuse(checked)
        files = [(path.name, path.read_bytes()) for path in media]
        with running.database.begin() as session:
            project_id = get_project(session, project).id
            changed = form_changes.against_published(session, checked["form"], project_id)
            if client_editable is not None:
                switch(session, project_id, checked["form_id"], editable=client_editable, actor=OPERATOR, now=clock())
            version = publish_form(
                session,
                checked["form"],
                project_id=project_id,
                media=files,
                files=running.files,
                actor=OPERATOR,
                now=clock(),
            )
    facts = {"form_id": checked["form_id"], "version": version.version, "title": version.title}
    if as_json:
        print_json({**facts, "mapped": checked["mapped"], "findings": checked["findings"]})
        return
    _print_findings(checked, as_json=False)
    if changed is not None:
        form_changes.print_orphans(changed)
    click.echo(f"Published: {version.title} ({checked['form_id']}), version {version.version}.")
    if not checked["mapped"]:
        click.echo("Its answers are kept and feed no case: the workbook has no case columns.")


@form.command("list")
@click.option("--project", type=int, metavar="ID", help="Of this project alone; of all by default.")
@json_option
def list_(project: int | None, as_json: bool) -> None:
    """List the published forms with the version that tablets fetch."""
    from forms.library import list_forms

    with installation() as running, running.database.read() as session:
        rows = [
            {
                "form_id": one.form.form_id,
                "version": one.version.version,
                "title": one.version.title,
                "state": one.form.state,
                "mapped": bool(one.version.mapping_version),
                "project": one.form.project_id,
                "published_at": iso(one.version.published_at),
            }
            for one in list_forms(session, project)
        ]
    columns = {"form_id": "FORM", "version": "VERSION", "title": "TITLE", "state": "STATE", "mapped": "FEEDS CASES"}
    print_rows(rows, columns, empty="No form is published. Publish one: fieldcase form publish FILE", as_json=as_json)


@form.command()
@click.argument("form_id")
@click.option("--when-drained", is_flag=True, help="Let it run out: what tablets still send of it is filed.")
@project_option
@json_option
def close(form_id: str, when_drained: bool, project: int | None, as_json: bool) -> None:
    """Close a form: tablets no longer fetch it, and what they still send of it is held."""
    _set_state(form_id, project, "closing" if when_drained else "closed", as_json=as_json)


@form.command("open")
@click.argument("form_id")
@project_option
@json_option
def open_(form_id: str, project: int | None, as_json: bool) -> None:
    """Open a form again: tablets fetch it, and what was held is filed."""
    _set_state(form_id, project, "open", as_json=as_json)


def _set_state(form_id: str, project: int | None, state: str, *, as_json: bool) -> None:
    from accounts.projects import get_project
    from forms.library import get_form, set_state
    from forms.tables import FormState

    with installation() as running, running.database.begin() as session:
        found = get_form(session, get_project(session, project).id, form_id)
        set_state(session, found, FormState(state), actor=OPERATOR, now=clock())
    print_json({"form_id": form_id, "state": state}) if as_json else click.echo(f"{form_id} is {state}.")


def _check(
    file: Path,
    mapping: Path | None,
    *,
    media: tuple[Path, ...] = (),
    published: "Published | None" = None,
    before: Path | None = None,
    find_before: "Callable[[str], Before | None] | None" = None,
    language: str | None = None,
) -> dict[str, Any]:
    """The form, its findings and whether they refuse it; a file that is no workbook is a finding too."""
    from cases.publishing import check_form
    from xlsforms.languages import matrix
    from xlsforms.published import Known
    from xlsforms.sheets import UnreadableWorkbook

    mapping_csv = None if mapping is None else (mapping.name, mapping.read_bytes())
    was = None if before is None else form_files.version_before(before)
    known = Known(published, frozenset(path.name for path in media))
    try:
        form = check_form(
            file.read_bytes(),
            file.name,
            now=clock(),
            mapping_csv=mapping_csv,
            before=was,
            find_before=find_before,
            known=known,
        )
    except UnreadableWorkbook as error:
        told = [error.finding.told(language or spoken())]
        nothing = dict.fromkeys(("form", "form_id", "version"))
        return {"refused": True, "findings": told, "mapped": False, "translations": [], **nothing}
    findings = [one.told(language or spoken()) for one in form.findings]
    made = form.compiled.definition if form.compiled else None
    return {
        "refused": form.refused,
        "findings": findings,
        "form": form,
        "form_id": made.form_id if made else None,
        "version": made.version if made else None,
        "mapped": form.mapping is not None,
        "translations": [cover._asdict() for cover in matrix(form.workbook)] if form.workbook else [],
    }


def _print_findings(checked: dict[str, Any], *, as_json: bool) -> None:
    findings = checked["findings"]
    if as_json:
        print_json({name: checked[name] for name in JSON_OF_CHECK})
    elif findings:
        cells = [
            [one["severity"], " ".join(filter(None, (one["sheet"], one["cell"]))), one["message"]] for one in findings
        ]
        print_table(cells, ["FINDING", "PLACE", "WHAT TO DO"])


def _refuse(checked: dict[str, Any]) -> None:
    errors = sum(one["severity"] == "error" for one in checked["findings"])
    raise click.ClickException(f"The form was refused: {errors} error{'' if errors == 1 else 's'} to mend.")
