"""A form's tables as somebody may read them: the questions of one version or of all, and who reads which."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from accounts.roles import Viewer
from cases.mapping import Mapping
from cases.readable import readable_questions, reads_everything
from forms.library import definition_of, get_version, list_versions, mapping_of
from forms.offer import xform_of
from forms.tables import Form, FormVersion
from storage.database import kept
from submissions.fields import Outline, Table, tables_of
from submissions.rows import Reader
from xlsforms.order import leaf_paths


@dataclass(frozen=True)
class FormTables:
    """The tables of a form, and how the submissions of each of its versions are read into them."""

    form_pk: int
    form_id: str
    tables: tuple[Table, ...]
    everything: bool  # False where some questions are left out, and who sent what
    audited: bool  # tablets write down how it is filled
    mark: str  # changes with the versions and their mappings
    outlines: dict[int, Outline]
    unknown: Outline

    @property
    def columns(self) -> int:
        """How many questions stand in the tables."""
        return sum(len(table.fields) for table in self.tables)

    def readers(self) -> "Readers":
        """What reads this form's submissions."""
        return Readers(self)


class Readers(dict[int | None, Reader]):
    """Reads submissions by the id of their version; one whose version is not known is read as the newest."""

    def __init__(self, form: FormTables) -> None:
        super().__init__()
        self._form = form

    def __missing__(self, version_id: int | None) -> Reader:
        outline = self._form.outlines.get(version_id or 0, self._form.unknown)
        reader = self[version_id] = Reader(outline, self._form.tables)
        return reader


def form_tables(session: Session, form: Form, *, viewer: Viewer, deleted_fields: bool = False) -> FormTables:
    """The tables with the questions of the newest version that the viewer may read.

    With `deleted_fields` those of older versions stand there too. Raises FormNotFound.
    """
    versions = list_versions(session, form)
    everything = reads_everything(viewer)
    outlines = {one.id: _outline(session, one, None if everything else viewer) for one in versions}
    newest = outlines[get_version(session, form.current_version_id or 0).id]
    # What an unknown version means by a question nobody can say.
    unknown = newest if everything else Outline(newest.definition, newest.order, {})
    shown = [newest, *(outline for outline in outlines.values() if outline is not newest)]
    return FormTables(
        form_pk=form.id,
        form_id=form.form_id,
        tables=tables_of(shown if deleted_fields else [newest]),
        everything=everything,
        audited=any(question.type == "audit" for outline in shown for question in outline.definition.questions),
        mark=" ".join(f"{one.id}.{one.mapping_version}" for one in versions),
        outlines=outlines,
        unknown=unknown,
    )


def _outline(session: Session, version: FormVersion, viewer: Viewer | None) -> Outline:
    """The version's questions; all of them are readable when no viewer is given."""
    whole = kept(session, f"outline:{version.id}", lambda: _whole(session, version.id))
    if viewer is None:
        return whole
    parts = mapping_of(session, version)
    mapping = None if parts is None else Mapping.from_json(parts)
    paths = tuple(question.path for question in whole.definition.questions)
    return Outline(whole.definition, whole.order, readable_questions(mapping, paths, viewer))


def _whole(session: Session, version_id: int) -> Outline:
    return Outline(definition_of(get_version(session, version_id)), leaf_paths(xform_of(session, version_id)))
