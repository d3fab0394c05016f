"""What a project offers its tablets, as plain values that can be kept in memory."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.tables import Form, FormMedia, FormState, FormVersion
from xlsforms.questions import FormDefinition

FILE_TYPES = frozenset({"image", "audio", "video", "file", "background-audio", "audit"})


@dataclass(frozen=True)
class OfferedMedia:
    """A file beside a form version."""

    filename: str
    md5: str
    size: int
    file_id: str


@dataclass(frozen=True)
class OfferedVersion:
    """A version of a form that tablets may hold."""

    id: int
    version: str
    title: str
    md5: str
    mapped: bool
    media: tuple[OfferedMedia, ...]
    file_questions: frozenset[str]  # XPaths of the questions whose answer is a file's name


@dataclass(frozen=True)
class OfferedForm:
    """A form with its versions; `current` is what tablets are to fetch, None when the form is not open."""

    id: int
    form_id: str
    state: FormState
    current: OfferedVersion | None
    versions: dict[str, OfferedVersion] = field(hash=False)


def offer(session: Session, project_id: int) -> dict[str, OfferedForm]:
    """Every form of the project by form id, closed ones included, since tablets still hold and send them."""
    forms = session.scalars(select(Form).where(Form.project_id == project_id).order_by(Form.form_id)).all()
    versions = _versions(session, project_id)
    return {form.form_id: _offered(form, versions.get(form.id, [])) for form in forms}


def xform_of(session: Session, version_id: int) -> bytes:
    """The exact bytes that were published."""
    return session.execute(select(FormVersion.xform).where(FormVersion.id == version_id)).scalar_one()


def file_questions(definition: FormDefinition) -> frozenset[str]:
    """The XPaths of the questions whose answer is a file's name."""
    return frozenset(question.path for question in definition.questions if question.type in FILE_TYPES)


def _offered(form: Form, versions: list[OfferedVersion]) -> OfferedForm:
    state = FormState(form.state)
    current = next((v for v in versions if v.id == form.current_version_id), None) if state is FormState.OPEN else None
    return OfferedForm(form.id, form.form_id, state, current, {version.version: version for version in versions})


def _versions(session: Session, project_id: int) -> dict[int, list[OfferedVersion]]:
    media: dict[int, list[OfferedMedia]] = {}
    for one in session.scalars(select(FormMedia).order_by(FormMedia.filename)):
        media.setdefault(one.version_id, []).append(OfferedMedia(one.filename, one.md5, one.size, one.file_id))
    query = (
        select(
            FormVersion.id,
            FormVersion.form_pk,
            FormVersion.version,
            FormVersion.title,
            FormVersion.md5,
            FormVersion.mapping_version,
            FormVersion.definition,
        )
        .join(Form, Form.id == FormVersion.form_pk)
        .where(Form.project_id == project_id)
        .order_by(FormVersion.id)
    )
    held: dict[int, list[OfferedVersion]] = {}
    for row in session.execute(query):
        version = OfferedVersion(
            row.id,
            row.version,
            row.title,
            row.md5,
            bool(row.mapping_version),
            tuple(media.get(row.id, ())),
            file_questions(FormDefinition.from_json(row.definition)),
        )
        held.setdefault(row.form_pk, []).append(version)
    return held
