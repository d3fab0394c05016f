"""What a caller knows beside the workbook: the forms that are published, and the files that come with this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """The published forms of a project: the versions of each form id, which are never used again."""

    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    form_id: str = ""  # the form that this workbook is to be a version of; "" when it may be any


@dataclass(frozen=True)
class Known:
    """What rules may look at that does not stand in the workbook; None means that nobody knows."""

    published: Published | None = None
    media: frozenset[str] | None = None


NOTHING = Known()
MADE_HERE = frozenset({"itemsets.csv"})
"""Files that a form names and that are made with it from its workbook."""
