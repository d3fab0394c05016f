"""What changes from one version of a form to another, told by commands."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.cli.opening import installation
from server.cli.output import json_option, print_json, print_table
from server.runtime import clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from forms.difference import Difference, Side
    from forms.tables import Form

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command()
@click.argument("form_id")
@click.option("--old", default="", metavar="VERSION", help="The earlier version; what tablets fetch by default.")
@click.option("--new", default="", metavar="VERSION", help="The later version; the draft by default.")
@click.option("--file", type=FILE, help="A workbook or XForm in place of the later version.")
@click.option("--project", type=int, metavar="ID", help="The project; the first one by default.")
@json_option
def diff(form_id: str, old: str, new: str, file: Path | None, project: int | None, as_json: bool) -> None:
    """Say what changes from one version of a form to another, to its draft, or to a file."""
    from accounts.projects import get_project
    from cases.comparing import of_draft, of_version, reach
    from forms.difference import difference
    from forms.drafts import find_draft
    from forms.library import get_form, get_version

    if new and file is not None:
        raise click.UsageError("Give --new or --file, not both.")
    with installation() as running, running.database.read() as session:
        project_id = get_project(session, project).id
        form = get_form(session, project_id, form_id)
        earlier = _version(session, form, old) if old else get_version(session, form.current_version_id or 0)
        before = of_version(session, earlier)
        if file is not None:
            after, named = _of_file(file), file.name
        elif new:
            later = _version(session, form, new)
            after, named = of_version(session, later), later.version
        else:
            draft = find_draft(session, project_id, form_id)
            after, named = of_draft(session, draft), f"draft {draft.version}"
        found = difference(before, after)
        touched = reach(session, form, project_id, since=None)
    if as_json:
        print_json({"from": earlier.version, "to": named, **found.to_json(), "reach": vars(touched)})
        return
    click.echo(f"From version {earlier.version or '(no name)'} to {named}:")
    print_difference(found)
    click.echo(
        f"{touched.tablets} tablets are enrolled; {touched.open_cases} open cases and {touched.submissions} "
        "submissions have answers from this form."
    )


def print_difference(found: "Difference") -> None:
    """What is different, as a table, and which answers lose their place."""
    rows = [[one.kind.value, _place(one), one.before, one.after] for one in found.changes]
    if rows:
        print_table(rows, ["CHANGE", "WHERE", "BEFORE", "AFTER"])
    else:
        click.echo("Both are the same, apart from their version.")
    print_orphans(found)


def print_orphans(found: "Difference") -> None:
    """Which answers that were given already lose their place, on standard error."""
    if found.orphans:
        places = ", ".join(_place(one) for one in found.orphans)
        click.echo(f"Answers given already stay where they are; new ones come no longer for: {places}.", err=True)
    if found.no_longer_fed:
        click.echo(f"No question feeds these fields any more: {', '.join(found.no_longer_fed)}.", err=True)


def against_published(session: "Session", checked: Any, project_id: int) -> "Difference | None":
    """What publishing a checked form would change; None when nothing of it was published before."""
    from cases.comparing import of_checked, of_version
    from cases.drafting import form_of
    from forms.difference import difference
    from forms.library import get_version

    form = form_of(session, project_id, checked.compiled.definition.form_id)
    if form is None or form.current_version_id is None:
        return None
    current = get_version(session, form.current_version_id)
    return difference(of_version(session, current), of_checked(checked))


def _of_file(file: Path) -> "Side":
    from cases.comparing import of_checked
    from cases.publishing import check_form
    from xlsforms.compile import RefusedForm

    checked = check_form(file.read_bytes(), file.name, now=clock())
    if checked.compiled is None:
        raise RefusedForm(checked.findings)
    return of_checked(checked)


def _version(session: "Session", form: "Form", name: str) -> Any:
    from forms.library import UNNAMED, find_version

    return find_version(session, form, "" if name == UNNAMED else name)


def _place(one: Any) -> str:
    return " ".join(filter(None, (one.path, one.choice, one.language)))
