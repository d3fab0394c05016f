"""What was filled in at the desk comes into custody by the same act as from tablets, with a person as the sender."""

from collections.abc import Callable

from flask import g, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.catalogue import catalogue_version
from accounts.projects import get_project
from accounts.roles import Right, Viewer
from forms.library import FormNotFound
from forms.offer import OfferedForm
from server.access import require
from server.desk.door import blueprint
from server.mirroring import mirror
from server.runtime import clock, runtime
from server.tablet.post import Post, read_post
from storage.sealing import intake_keys_of
from submissions.correcting import NotCorrectable, require_correction
from submissions.inbox import get_submission
from submissions.instance import Instance, read_instance
from submissions.parts import Part, Upload, held_parts, keep_files
from submissions.receive import Sender, receive
from submissions.tables import Submission

SOFTWARE = "Fieldcase desk"  # What the browser says of itself is not kept.
Guard = Callable[[Session], None]


@blueprint.post("/fill/<path:form_id>")
def form_send(form_id: str) -> dict[str, str]:
    """The answers are in our custody, from this person, and the page that says so is named."""
    person = require(Right.CREATE_SUBMISSIONS)
    instance, post = posted()
    form = offered_form(form_id)
    if instance.form_id != form_id:
        raise FormNotFound("There is no such form.")
    if instance.deprecated_id is not None:
        raise NotCorrectable("Answers are corrected on their own page.")
    return {"next": _sent(_keep(instance, post, form, person))}


@blueprint.post("/submissions/<int:submission_id>/correct")
def submission_send_correction(submission_id: int) -> dict[str, str]:
    """The correction is in our custody and takes the place of what it corrects."""
    person = require(Right.CREATE_SUBMISSIONS)
    person.require(Right.READ_SUBMISSIONS)
    instance, post = posted()
    form = offered_form(instance.form_id)

    def corrects(session: Session) -> None:
        held = get_submission(session, submission_id, viewer=person)
        if held.form_pk != form.id:
            raise FormNotFound("There is no such form.")
        require_correction(session, held, instance, viewer=person)

    return {"next": _sent(_keep(instance, post, form, person, corrects))}


def posted() -> tuple[Instance, Post]:
    """What the page sent; raises BadPost, PostTooLarge, BadInstance, FilesUnavailable."""
    request.max_content_length = None  # The limit is that of tablets, which `read_post` keeps.
    post = read_post(request, largest=runtime().settings.largest_post)
    return read_instance(post.xml), post


def offered_form(form_id: str) -> OfferedForm:
    """The form with its versions; raises FormNotFound."""
    running = runtime()
    with running.database.read() as session:
        project, catalogue = get_project(session), catalogue_version(session)
    form = running.offers.of_project(project.id, catalogue).forms.get(form_id)
    if form is None:
        raise FormNotFound("There is no such form.")
    return form


def _keep(
    instance: Instance, post: Post, form: OfferedForm, person: Viewer, guard: Guard = lambda _session: None
) -> int:
    """The number of the submission, which is durably ours."""
    running, now = runtime(), clock()
    with running.database.read() as session:
        guard(session)  # Before files are written for nothing.
        project_id = get_project(session).id
    parts = _files(instance, form, post.uploads)
    sender = Sender(person.actor, person_id=person.person_id, app_version=SOFTWARE)
    with running.database.begin() as session:
        guard(session)
        strict = running.settings.strict
        receipt = receive(
            session, instance, parts, form=form, project_id=project_id, sender=sender, now=now, strict=strict
        )
        submission_id = _number(session, instance, form)
    g.receipt = receipt.value
    running.wake_filing()
    mirror(running, instance, post.uploads, project_id=project_id, sender=sender, now=now)
    return submission_id


def _files(instance: Instance, form: OfferedForm, uploads: tuple[Upload, ...]) -> list[Part]:
    if not uploads:
        return []
    running = runtime()
    with running.database.read() as session:
        held = held_parts(session, form.id, instance)
    return keep_files(uploads, keys=running.database.keys, files=running.files, held=held)


def _number(session: Session, instance: Instance, form: OfferedForm) -> int:
    fingerprint = intake_keys_of(session).fingerprint(instance.xml)
    same = (Submission.form_pk == form.id, Submission.instance_id == instance.instance_id)
    return session.scalars(select(Submission.id).where(*same, Submission.fingerprint == fingerprint)).one()


def _sent(submission_id: int) -> str:
    return url_for("desk.form_sent", submission_id=submission_id)
