"""What tablets fetch: the form list, forms, manifests and media."""

from flask import Response, request

from forms.library import FormNotFound
from forms.offer import OfferedForm, OfferedMedia, OfferedVersion, xform_of
from server.access import device
from server.runtime import runtime
from server.tablet import offers, openrosa
from server.tablet.contact import note_contact
from server.tablet.door import PLACES, blueprint


@blueprint.get(PLACES[0] + "/formList")
@blueprint.get(PLACES[1] + "/formList")
def form_list(project_id: int) -> Response:
    """The forms that this tablet is to hold."""
    note_contact()
    offer, base = runtime().offers.of(device()), address()
    return _not_changed(offer.etag(base)) or openrosa.document(offer.listed(base), etag=offer.etag(base))


@blueprint.get(PLACES[0] + "/forms/<form_id>.xml")
@blueprint.get(PLACES[1] + "/forms/<form_id>.xml")
def current_form(project_id: int, form_id: str) -> Response:
    """The form's present version, byte for byte as published."""
    return _xform(_current(_form(form_id)))


@blueprint.get(PLACES[0] + "/forms/<form_id>/versions/<int:version_id>.xml")
@blueprint.get(PLACES[1] + "/forms/<form_id>/versions/<int:version_id>.xml")
def form_version(project_id: int, form_id: str, version_id: int) -> Response:
    """A version of the form, byte for byte as published."""
    return _xform(_version(_form(form_id), version_id))


@blueprint.get(PLACES[0] + "/forms/<form_id>/manifest")
@blueprint.get(PLACES[1] + "/forms/<form_id>/manifest")
def current_manifest(project_id: int, form_id: str) -> Response:
    """The media of the form's present version."""
    return _manifest(form_id, _current(_form(form_id)))


@blueprint.get(PLACES[0] + "/forms/<form_id>/versions/<int:version_id>/manifest")
@blueprint.get(PLACES[1] + "/forms/<form_id>/versions/<int:version_id>/manifest")
def version_manifest(project_id: int, form_id: str, version_id: int) -> Response:
    """The media of a version of the form."""
    return _manifest(form_id, _version(_form(form_id), version_id))


@blueprint.get(PLACES[0] + "/forms/<form_id>/attachments/<filename>")
@blueprint.get(PLACES[1] + "/forms/<form_id>/attachments/<filename>")
def current_media(project_id: int, form_id: str, filename: str) -> Response:
    """A media file of the form's present version."""
    return _media(_current(_form(form_id)), filename)


@blueprint.get(PLACES[0] + "/forms/<form_id>/versions/<int:version_id>/attachments/<filename>")
@blueprint.get(PLACES[1] + "/forms/<form_id>/versions/<int:version_id>/attachments/<filename>")
def version_media(project_id: int, form_id: str, version_id: int, filename: str) -> Response:
    """A media file of a version of the form."""
    return _media(_version(_form(form_id), version_id), filename)


def address() -> str:
    """The tablet's own address: the configured one, with its secret when it called with one."""
    path = request.path
    end = path.index("/projects/") + len("/projects/")
    return runtime().settings.base_url + path[:end] + path[end:].partition("/")[0]


def _form(form_id: str) -> OfferedForm:
    form = runtime().offers.of(device()).forms.get(form_id)
    if form is None:
        raise FormNotFound("There is no such form.")
    return form


def _current(form: OfferedForm) -> OfferedVersion:
    if form.current is None:
        raise FormNotFound("This form is closed.")
    return form.current


def _version(form: OfferedForm, version_id: int) -> OfferedVersion:
    found = next((version for version in form.versions.values() if version.id == version_id), None)
    if found is None or form.current is None:
        raise FormNotFound("There is no such version of the form.")
    return found


def _xform(version: OfferedVersion) -> Response:
    not_changed = _not_changed(version.md5)
    if not_changed is not None:
        return not_changed
    with runtime().database.read() as session:
        content = xform_of(session, version.id)
    return openrosa.with_headers(openrosa.cacheable(Response(content, content_type=openrosa.TYPE), version.md5))


def _manifest(form_id: str, version: OfferedVersion) -> Response:
    answer = openrosa.document(offers.manifest(address(), form_id, version))
    return _not_changed(answer.get_etag()[0] or "") or answer


def _media(version: OfferedVersion, filename: str) -> Response:
    media: OfferedMedia | None = next((one for one in version.media if one.filename == filename), None)
    if media is None:
        raise FormNotFound("There is no such file beside the form.")
    not_changed = _not_changed(media.md5)
    if not_changed is not None:
        return not_changed
    content = () if request.method == "HEAD" else runtime().files.read(media.file_id)
    answer = Response(content, content_type="application/octet-stream")
    answer.content_length = media.size
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return openrosa.with_headers(openrosa.cacheable(answer, media.md5))


def _not_changed(etag: str) -> Response | None:
    if etag in request.if_none_match:
        return openrosa.with_headers(openrosa.cacheable(Response(status=304), etag))
    return None
