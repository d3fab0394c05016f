"""`form try`: what filled-in answers would make of the record."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.cli.output import json_option, print_json, print_table, spoken
from server.runtime import clock

if TYPE_CHECKING:
    from cases.trial import Trial

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command("try")
@click.argument("file", type=FILE)
@click.option("--answers", type=FILE, required=True, help="A filled form as a tablet sends it (.xml).")
@click.option("--mapping", type=FILE, help="A mapping file (CSV) that feeds the form into cases.")
@click.option("--language", type=click.Choice(["en", "es"]), help="Of the reasons; the office's by default.")
@json_option
def try_(file: Path, answers: Path, mapping: Path | None, language: str | None, as_json: bool) -> None:
    """Say what answers would make: records, screening and tasks. Nothing is stored, and no case is looked up."""
    from cases.publishing import check_form
    from cases.trial import try_submission

    beside = None if mapping is None else (mapping.name, mapping.read_bytes())
    checked = check_form(file.read_bytes(), file.name, now=clock(), mapping_csv=beside)
    if checked.compiled is None or checked.refused:
        raise click.ClickException(f"The form has errors. See them all: fieldcase form check {file}")
    form = (checked.compiled.definition, checked.mapping)
    trial = try_submission(None, form, answers.read_bytes(), now=clock())
    if as_json:
        print_json(_facts(trial, language or spoken()))
    else:
        _print(trial, language or spoken())


def _facts(trial: "Trial", language: str) -> dict[str, Any]:
    result = trial.screening
    return {
        "mapped": trial.mapped,
        "reason": trial.reason,
        "class_low": result and result.class_low,
        "class_high": result and result.class_high,
        "urgency": result and result.urgency,
        "unverified": result and result.unverified,
        "rule_set": result and result.rule_set,
        "reasons": list(result.reasons_in(language)) if result else [],
        "records": [
            {
                "record": one.kind,
                "place": one.place,
                "action": one.action,
                "parent": one.parent,
                "values": [
                    {"field": said.field, "mode": said.mode, "question": said.question, "value": said.value}
                    for said in one.values
                ],
            }
            for one in trial.records
        ],
        "tasks": [
            {"task": one.task, "due": one.at, "due_on": one.on, "urgency": one.urgency or None, "rule": one.rule}
            for one in trial.tasks
        ],
    }


def _print(trial: "Trial", language: str) -> None:
    if not trial.mapped:
        click.echo("The answers would be kept and feed no case: the form has no case columns.")
        return
    if trial.reason is not None:
        rule = f", by the rule {trial.reason['rule']}" if trial.reason["rule"] else ""
        click.echo(f"Would be set aside: {trial.reason['code']} at {trial.reason['question'] or 'the form'}{rule}.")
        return
    result = trial.screening
    if result is not None:
        click.echo(f"Screening: {result.class_low} to {result.class_high}, {result.urgency}.")
        click.echo("".join(f"  {reason}.\n" for reason in result.reasons_in(language)))
    cells = [
        [one.place, one.action, said.field, _spoken(said.value), said.question]
        for one in trial.records
        for said in one.values
    ]
    print_table(cells, ["RECORD", "HOW", "FIELD", "VALUE", "QUESTION"])
    for task in trial.tasks:
        click.echo(f"Task: {task.task}, due {task.at or task.on or 'without a day'}.")


def _spoken(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
