"""Submissions: listed with their files, and filed again."""

import sys
from collections.abc import Iterator
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.roles import OPERATOR_VIEWER
from audit.trail import OPERATOR, Action, record
from cases.caseload import codes_of
from forms.tables import Form
from server.cli.opening import installation
from server.cli.output import iso, json_option, local, print_json, print_rows, print_table
from server.runtime import Runtime, clock
from storage.roots import RootDestroyed
from submissions.inbox import ListedSubmission, SubmissionNotFound, list_submissions
from submissions.inbox import refile as refile_one
from submissions.opening import open_attachments
from submissions.tables import Attachment, Filing, Submission

PAGE = 500  # submissions that are read in one transaction
CAN_BE_REFILED = (Filing.SET_ASIDE, Filing.NOT_MAPPED)


@click.group()
def submission() -> None:
    """List what tablets sent; file again what was set aside."""


@submission.command("list")
@click.option("--form", "form_id", metavar="FORM_ID", help="Only of this form.")
@click.option("--filing", type=click.Choice([str(one) for one in Filing]), multiple=True, help="Only those; repeat it.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest so many; all by default.")
@json_option
def list_(form_id: str | None, filing: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """List submissions, newest first, with what became of each and the files that came with it."""
    with installation() as running:
        with running.database.begin() as session:
            record(session, OPERATOR, Action.SUBMISSIONS_LISTED, "submissions", now=clock())
        rows = _rows(running, form_id, [Filing(state) for state in filing], limit, as_json=as_json)
        columns = {"received": "RECEIVED", "form_id": "FORM", "filing": "FILING", "case": "CASE", "files": "FILES"}
        columns |= {"device": "TABLET", "instance_id": "INSTANCE", "why": "WHY"}
        print_rows(rows, columns, empty="There is no such submission.", as_json=as_json)


@submission.command()
@click.argument("instance_id", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that was set aside.")
@click.option("--form", "form_id", metavar="FORM_ID", help="Of this form alone; without an id all that was set aside.")
@json_option
def refile(instance_id: tuple[str, ...], everything: bool, form_id: str | None, as_json: bool) -> None:
    """File again what was set aside or fed no case, after the form, the mapping or the answer's record was mended."""
    if not (instance_id or everything or form_id):
        raise click.UsageError("Name a submission by its instance id, or give --all or --form.")
    with installation() as running:
        with running.database.read() as session:
            chosen = _chosen(session, instance_id, form_id)
        quiet = not sys.stderr.isatty()
        with click.progressbar(chosen, label="Filing again", file=sys.stderr, hidden=quiet) as waiting:
            rows = [_refile(running, submission_id) for submission_id in waiting]
    counts = {state: sum(row["filing"] == state for row in rows) for state in sorted({row["filing"] for row in rows})}
    if as_json:
        print_json({"refiled": sum(row["refiled"] for row in rows), "now": counts, "submissions": rows})
        return
    left = [row for row in rows if row["filing"] != "filed"]
    if left:
        print_table(
            [[row["instance_id"], row["filing"], _why(row["reason"])] for row in left], ["INSTANCE", "NOW", "WHY"]
        )
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    click.echo(f"Filed again: {sum(row['refiled'] for row in rows)} of {len(rows)}{f' ({said})' if said else ''}.")


def _rows(
    running: Runtime, form_id: str | None, filing: list[Filing], limit: int | None, *, as_json: bool
) -> Iterator[dict[str, Any]]:
    left, before = limit, None
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        with running.database.read() as session:
            page = list_submissions(
                session, viewer=OPERATOR_VIEWER, form_id=form_id, filing=filing, before=before, limit=size
            )
            codes = codes_of(session, [one.submission.root_id for one in page])
            rows = [_row(session, one, codes) for one in page]
        for one, row in zip(page, rows, strict=True):
            yield row if as_json else row | _for_people(running, one)
        if len(page) < size:
            return
        before, left = page[-1].submission.id, None if left is None else left - len(page)


def _row(session: Session, one: ListedSubmission, codes: dict[str, str]) -> dict[str, Any]:
    held = one.submission
    return {
        "instance_id": held.instance_id,
        "form_id": one.form_id,
        "version": held.version,
        "filing": held.filing,
        "reason": held.reason,
        "received_at": iso(held.received_at),
        "filed_at": iso(held.filed_at),
        "case": codes.get(held.root_id or ""),
        "device": one.device or None,
        "deprecated_id": held.deprecated_id,
        "attachments": _attachments(session, held) if one.files_expected else [],
    }


def _attachments(session: Session, held: Submission) -> list[dict[str, Any]]:
    """Every file of a submission; one whose record was erased keeps no name."""
    try:
        return [
            {"name": one.name, "sha256": one.sha256 or None, "received": one.received, "current": one.current}
            for one in open_attachments(session, held.id)
        ]
    except RootDestroyed:
        rows = session.execute(
            select(Attachment.received_at, Attachment.current).where(Attachment.submission_id == held.id)
        )
        return [
            {"name": None, "sha256": None, "received": row.received_at is not None, "current": row.current}
            for row in rows
        ]


def _for_people(running: Runtime, one: ListedSubmission) -> dict[str, str]:
    files = f"{one.files_received} of {one.files_expected}" if one.files_expected else ""
    received = local(one.submission.received_at, running.settings.zone)
    return {"received": received, "files": files, "why": _why(one.submission.reason)}


def _chosen(session: Session, instance_ids: tuple[str, ...], form_id: str | None) -> list[int]:
    """The named submissions, else all that were set aside, oldest first; raises SubmissionNotFound."""
    query = select(Submission.id, Submission.instance_id).order_by(Submission.id)
    if form_id:
        query = query.join(Form, Form.id == Submission.form_pk).where(Form.form_id == form_id)
    if not instance_ids:
        return [row.id for row in session.execute(query.where(Submission.filing == Filing.SET_ASIDE.value))]
    rows = session.execute(query.where(Submission.instance_id.in_(instance_ids))).all()
    if missing := sorted(set(instance_ids) - {row.instance_id for row in rows}):
        raise SubmissionNotFound(f"There is no submission {', '.join(missing)}.")
    return [row.id for row in rows]


def _refile(running: Runtime, submission_id: int) -> dict[str, Any]:
    """The submission waits again and is filed here at once, unless workers file; each in a transaction of its own."""
    from cases.filing import file_one

    with running.database.begin() as session:
        # Locked first, so that two commands do not both file it.
        held = session.get_one(Submission, submission_id, with_for_update=True)
        before = held.filing
        if Filing(before) in CAN_BE_REFILED:
            refile_one(session, held, actor=OPERATOR, now=clock())
            if running.settings.filing != "worker":
                file_one(session, held, now=clock())
        session.flush()
        form_id = session.execute(select(Form.form_id).where(Form.id == held.form_pk)).scalar_one()
        return {
            "instance_id": held.instance_id,
            "form_id": form_id,
            "before": before,
            "filing": held.filing,
            "refiled": Filing(before) in CAN_BE_REFILED,
            "reason": held.reason,
        }


def _why(reason: dict[str, str] | None) -> str:
    """The reason's code with the question or record that it names."""
    return " ".join(filter(None, (reason or {}).values()))
