"""A draft: what it differs in, its files, who tried it, and what becomes of it."""

import hashlib
from datetime import datetime
from typing import Any

from flask import Response as Download
from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts.projects import get_project
from accounts.roles import Right, Viewer
from cases.comparing import of_draft, of_version, reach
from cases.drafting import checked_again, findings_of, form_of, publish_draft
from forms.difference import difference
from forms.drafts import (
    DraftChanged,
    Slot,
    discard_draft,
    find_draft,
    put_beside,
    require_seen,
    seen,
    slots,
    take_away,
)
from forms.library import FormNotFound, get_version
from forms.proposals import may_approve, propose, require_second_person, send_back, taken
from forms.publish import MediaMissing, VersionTaken
from forms.tables import FormDraft
from server.access import require
from server.desk.comparison import drawn
from server.desk.door import blueprint, see, typed
from server.desk.history import who
from server.desk.uploads import chosen
from server.desk.words import refusal_words
from server.headers import as_download
from server.language import language
from server.runtime import clock, runtime
from submissions.draft_submissions import list_drafted

DRAFT = "/forms/<form_id>/draft"


@blueprint.get(DRAFT, endpoint="form_draft")
def show(form_id: str) -> Response:
    """The draft beside what is published, with its files and its test submissions."""
    return _page(form_id, require(Right.PUBLISH_FORMS), {}, 200)


@blueprint.post(DRAFT + "/files", endpoint="draft_files")
def add_files(form_id: str) -> Response:
    """The chosen files stand beside the draft, as far as it names them."""
    viewer, now, files = require(Right.PUBLISH_FORMS), clock(), chosen("media")
    with runtime().database.read() as session:
        named = {one.name for one in slots(session, draft_of(session, form_id))}
    kept = [one for one in files if one.name in named]
    odd = sorted({one.name for one in files} - named)
    if not kept:
        words = _("The form does not name these files: %(names)s.", names=", ".join(odd)) if odd else _("Choose files")
        return _page(form_id, viewer, {"media": words}, 400)
    written = [(one.name, runtime().files.put([one.content]), one.content) for one in kept]
    with runtime().database.begin() as session:
        held = draft_of(session, form_id, lock=True)
        for name, file_id, content in written:
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            told: dict[str, Any] = {"file_id": file_id, "md5": md5, "size": len(content)}
            put_beside(session, held, name, actor=viewer.actor, now=now, **told)
    return see("form_draft", notice="draft-files", count=len(kept), form_id=form_id)


@blueprint.post(DRAFT + "/files/remove", endpoint="draft_file_remove")
def remove_file(form_id: str) -> Response:
    """The file is not there any more."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = draft_of(session, form_id, lock=True)
        take_away(session, held, typed("name"), actor=viewer.actor, now=clock())
    return see("form_draft", form_id=form_id)


@blueprint.post(DRAFT + "/publish", endpoint="draft_publish")
def publish(form_id: str) -> Response:
    """Tablets fetch the draft from now on; where that takes two people, this is the second."""
    viewer, running = require(Right.PUBLISH_FORMS), runtime()
    with running.database.read() as session:
        before = draft_of(session, form_id)
    again = checked_again(before)
    try:
        with running.database.begin() as session:
            held, version = draft_of(session, form_id, lock=True), typed("version", 120)
            mark = request.form.get("seen")
            if running.settings.two_person_publish:
                require_second_person(held, viewer.actor)
                version, mark = held.proposed_version or "", mark or ""  # Approved is what was looked at.
            at: dict[str, Any] = {"files": running.files, "actor": viewer.actor, "now": clock()}
            made = publish_draft(session, held, version=version, seen=mark, again=again, **at)
            mended = made.published_at != at["now"]
    except VersionTaken as error:
        return _page(form_id, viewer, {"version": refusal_words(error)}, 409)
    except DraftChanged as error:
        return _page(form_id, viewer, {"seen": refusal_words(error)}, 409)
    except MediaMissing:
        return _page(form_id, viewer, {"media": _("Choose the files that are missing, then publish.")}, 400)
    running.wake_filing()
    return see("form", notice="mapping-mended" if mended else "form-published", form_id=form_id)


@blueprint.post(DRAFT + "/propose", endpoint="draft_propose")
def propose_it(form_id: str) -> Response:
    """Somebody else is to publish the draft as it stands."""
    viewer = require(Right.PUBLISH_FORMS)
    try:
        with runtime().database.begin() as session:
            held = draft_of(session, form_id, lock=True)
            if "seen" in request.form:
                require_seen(session, held, typed("seen"))
            propose(session, held, version=typed("version", 120), actor=viewer.actor, now=clock())
    except MediaMissing:
        return _page(form_id, viewer, {"media": _("Choose the files that are missing, then propose it.")}, 400)
    except VersionTaken as error:
        return _page(form_id, viewer, {"version": refusal_words(error)}, 409)
    except DraftChanged as error:
        return _page(form_id, viewer, {"seen": refusal_words(error)}, 409)
    return see("form_draft", notice="draft-proposed", form_id=form_id)


@blueprint.post(DRAFT + "/return", endpoint="draft_return")
def return_it(form_id: str) -> Response:
    """Nothing is proposed any more, and the draft says why."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        send_back(session, draft_of(session, form_id, lock=True), typed("word"), actor=viewer.actor, now=clock())
    return see("form_draft", notice="draft-returned", form_id=form_id)


@blueprint.get(DRAFT + "/discard", endpoint="draft_discard")
def before_discarding(form_id: str) -> str:
    """What will be gone when the draft is thrown away."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
        published = form_of(session, held.project_id, form_id) is not None
        tests = len(list_drafted(session, held))
    view = {"draft": _facts(held), "published": published, "tests": tests}
    return render_template("forms/discard.html", **view)


@blueprint.post(DRAFT + "/discard", endpoint="discard_draft")
def discard(form_id: str) -> Response:
    """There is no draft any more; what is published stays as it is."""
    viewer = require(Right.PUBLISH_FORMS)
    with runtime().database.begin() as session:
        held = draft_of(session, form_id, lock=True)
        published = form_of(session, held.project_id, form_id) is not None
        discard_draft(session, held, actor=viewer.actor, now=clock())
    return (
        see("form", notice="draft-discarded", form_id=form_id) if published else see("forms", notice="draft-discarded")
    )


@blueprint.get(DRAFT + "/xform", endpoint="draft_xform")
def draft_xform(form_id: str) -> Download:
    """The draft's XForm, byte for byte as test tablets get it."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
    return as_download(Download(held.xform), f"{held.title} {held.version}.xml", "text/xml; charset=utf-8")


@blueprint.get(DRAFT + "/workbook", endpoint="draft_workbook")
def draft_workbook(form_id: str) -> Download:
    """The workbook or XForm as it was uploaded."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
    return as_download(Download(held.content), held.filename, "application/octet-stream")


@blueprint.get(DRAFT + "/files/<filename>", endpoint="draft_media")
def draft_media(form_id: str, filename: str) -> Download:
    """A file beside the draft; raises FormNotFound while it has not come."""
    require(Right.PUBLISH_FORMS)
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
        found = next((one.media for one in slots(session, held) if one.name == filename), None)
    if found is None:
        if filename == "itemsets.csv" and held.itemsets is not None:
            return as_download(Download(held.itemsets), filename, "text/csv")
        raise FormNotFound("There is no such file beside the draft.")
    answer = Download(runtime().files.read(found.file_id))
    answer.content_length = found.size
    return as_download(answer, filename, "application/octet-stream")


def draft_of(session: Session, form_id: str, *, lock: bool = False) -> FormDraft:
    """The form's draft in the project; raises DraftNotFound."""
    return find_draft(session, get_project(session).id, form_id, lock=lock)


def _page(form_id: str, viewer: Viewer, errors: dict[str, str], status: int) -> Response:
    now, two = clock(), runtime().settings.two_person_publish
    with runtime().database.read() as session:
        held = draft_of(session, form_id)
        form = form_of(session, held.project_id, form_id)
        used = taken(session, held, held.version)
        wanted = (held.proposed_version if two else "") or (f"{now:%Y%m%d%H%M}" if used else held.version)
        view: dict[str, Any] = {
            "draft": _facts(held) | {"made_by": who(session, held.made_by), "mapped": held.mapping is not None},
            "files": [_slot(one, form_id) for one in slots(session, held)],
            "findings": [one.told(language()) for one in findings_of(held.findings or ())],
            "tests": [_test(one, form_id) for one in list_drafted(session, held)],
            "proposal": _proposal(session, held, viewer, two=two),
            "reach": reach(session, form, held.project_id, since=None),
            "taken": used,
            "seen": seen(session, held),
            "version": request.form.get("version") or wanted,
            "errors": errors,
            "published": None,
            "difference": None,
        }
        if form is not None and form.current_version_id is not None:
            current = get_version(session, form.current_version_id)
            before, after = of_version(session, current), of_draft(session, held)
            view["published"] = {"version": current.version, "url": url_for("desk.form", form_id=form_id)}
            view["difference"] = drawn(difference(before, after), before, after)
    return make_response(render_template("forms/draft.html", **view), status)


def _facts(held: FormDraft) -> dict[str, Any]:
    return {
        "form_id": held.form_id,
        "title": held.title,
        "version": held.version,
        "made_at": held.made_at,
        "filename": held.filename,
        "url": url_for("desk.form_draft", form_id=held.form_id),
    }


def _proposal(session: Session, held: FormDraft, viewer: Viewer, *, two: bool) -> dict[str, Any]:
    return {
        "two": two,
        "proposed_at": held.proposed_at if two else None,  # Where one person publishes, no proposal holds it up.
        "proposed_by": who(session, held.proposed_by or ""),
        "own": held.proposed_by == str(viewer.actor),
        "may_approve": may_approve(held, viewer.actor),
        "returned_at": held.returned_at,
        "returned_by": who(session, held.returned_by or ""),
        "word": held.returned_word,
    }


def _slot(one: Slot, form_id: str) -> dict[str, Any]:
    href = url_for("desk.draft_media", form_id=form_id, filename=one.name)
    size = 0 if one.media is None else one.media.size
    return {"name": one.name, "size": size, "href": None if one.media is None else href}


def _test(one: Any, form_id: str) -> dict[str, Any]:
    received: datetime = one.received_at
    url = url_for("desk.draft_test", form_id=form_id, test_id=one.id)
    return {"url": url, "received_at": received, "version": one.version, "app": one.app_version or ""}
