"""Which tablets see a form: all of its project, so that there is nothing to assign."""

from typing import Any

from accounts.devices import list_devices
from accounts.roles import Right
from server.access import require
from server.api import actors
from server.api.app_users import find_tablet
from server.api.door import FORM, gives, may_answer, route
from server.api.forms import current
from server.api.people import AssignmentShape
from server.api.problems import wrong_value
from server.api.roles import APP_USER, Role, find_role
from server.api.shapes import DONE, Success
from server.runtime import runtime

ONE = FORM + "/assignments/<role>/<int(max=9007199254740991):actor_id>"


@route("GET", FORM + "/assignments", tag="form assignments", endpoint="form_assignments")
@gives(AssignmentShape, many=True)
@may_answer(401, 403, 404)
def form_assignments(project_id: int, form_id: str) -> list[dict[str, Any]]:
    """Every tablet of the project, as app user."""
    return [{"actorId": one["id"], "roleId": APP_USER.id} for one in _tablets(project_id, form_id)]


@route("GET", FORM + "/assignments/<role>", tag="form assignments", endpoint="form_role_assignments")
@gives(actors.Actor, many=True)
@may_answer(401, 403, 404)
def form_role_assignments(project_id: int, form_id: str, role: str) -> list[dict[str, Any]]:
    """Every tablet of the project for the role of app users; nobody for the others, which hold everywhere."""
    wanted, tablets = find_role(role), _tablets(project_id, form_id)
    return tablets if wanted is APP_USER else []


@route("POST", ONE, tag="form assignments", endpoint="assign_form")
@gives(Success)
@may_answer(400, 401, 403, 404)
def assign(project_id: int, form_id: str, role: str, actor_id: int) -> dict[str, bool]:
    """The tablet sees the form, as it did before."""
    _require_tablet(find_role(role), project_id, form_id, actor_id)
    return DONE


def _tablets(project_id: int, form_id: str) -> list[dict[str, Any]]:
    require(Right.READ_TABLETS)
    with runtime().database.read() as session:
        held, _version = current(session, project_id, form_id)
        found = [one for one, _agency in list_devices(session) if one.project_id == held.project_id]
        return [actors.tablet(one) for one in found if one.revoked_at is None]


def _require_tablet(role: Role, project_id: int, form_id: str, actor_id: int) -> None:
    require(Right.MANAGE_TABLETS)
    if role is not APP_USER:
        raise wrong_value("role", "people's roles hold everywhere; only tablets are assigned to a form")
    with runtime().database.read() as session:
        current(session, project_id, form_id)
        find_tablet(session, project_id, actor_id)
