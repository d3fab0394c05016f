"""What each right lets scripts do, in ODK Central's words."""

from collections.abc import Iterable

from accounts.roles import Right

# Rights without a word of ODK Central's have none here.
VERBS: dict[Right, tuple[str, ...]] = {
    Right.MANAGE_PEOPLE: ("assignment.list",),
    Right.READ_PEOPLE: ("user.list", "user.read", "assignment.list"),
    Right.MANAGE_TABLETS: ("field_key.create", "field_key.delete", "assignment.create"),
    Right.READ_TABLETS: ("field_key.list",),
    Right.PUBLISH_FORMS: ("form.create", "form.update"),
    Right.READ_FORMS: ("project.list", "project.read", "form.list", "form.read"),
    Right.CREATE_SUBMISSIONS: ("submission.create",),
    Right.LIST_SUBMISSIONS: ("submission.list",),
    Right.READ_SUBMISSIONS: ("submission.read",),
    Right.REVIEW: ("submission.update",),
    Right.READ_TRAIL: ("audit.read",),
}


def verbs_of(rights: Iterable[Right]) -> list[str]:
    """What somebody with these rights may do, sorted."""
    return sorted({verb for right in rights for verb in VERBS.get(right, ())})
