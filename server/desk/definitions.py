"""The definition of a form version, read once in this process: a version never changes."""

from sqlalchemy.orm import Session

from forms.library import definition_of, get_version
from storage.database import kept
from xlsforms.questions import FormDefinition


def definition(session: Session, version_id: int) -> FormDefinition:
    """The questions, groups and choices of the version; raises FormNotFound."""
    return kept(session, f"definition:{version_id}", lambda: definition_of(get_version(session, version_id)))
