"""Whatever is sent to the JSON door, it answers as it is described, and never with a fault of its own."""

import os
from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.server.api.scripts import SAID, P, Script
from tests.server.api.test_submissions import send

EXAMPLES = 100 if os.environ.get("FIELDCASE_PROVE") == "1" else 3
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# That a body of bytes is a workbook, or the XML of a form that is there, no schema can say.
UNSAID = [positive_data_acceptance]


def faults(place: Any, aim: Callable[[Any], None], excluded: list[Any]) -> dict[str, str]:
    """What each operation did that it is not described to do; `aim` changes what is sent."""
    place.publish()
    send(script_of(place), "uuid:one", SAID)
    token = f"Bearer {script_of(place).token}"
    described = schemathesis.openapi.from_wsgi("/v1/openapi.json", place.app, headers={"Authorization": token})
    found: dict[str, str] = {}
    for result in described.get_all_operations():
        operation = result.ok()
        try:
            answered(operation, f"Bearer {script_of(place).token}", aim, excluded)()
        except (Exception, FailureGroup) as error:
            found[operation.label] = str(error)
    return found


def answered(operation: Any, token: str, aim: Callable[[Any], None], excluded: list[Any]) -> Callable[[], None]:
    """Sends the operation a few times, and fails where an answer is not as it is described."""

    @BOUNDED
    @given(case=operation.as_strategy())
    def answers(case):
        aim(case)
        case.call_and_validate(
            headers={"Authorization": token},
            additional_checks=[no_fault_of_the_server],
            excluded_checks=[*excluded, not_a_server_error],
        )

    return answers


def no_fault_of_the_server(_context: Any, answer: Any, _case: Any) -> None:
    """ODK Central's clients know 501 for what OData has and it has not."""
    assert answer.status_code < 500 or answer.status_code == 501, answer.text


def script_of(place: Any) -> Script:
    """Somebody new who may do almost everything, since one operation ends the session."""
    return place.script("administrator", "manager", "auditor")


def told(found: dict[str, str]) -> str:
    return "\n\n".join(f"{label}\n{words}" for label, words in found.items())


def test_every_operation_answers_as_it_is_described(place):
    found = faults(place, lambda case: None, UNSAID)
    assert not found, told(found)


def test_every_operation_on_what_is_there_answers_as_it_is_described(place):
    there = {"project_id": 1, "form_id": "talk", "version": "1", "instance_id": "uuid:one", "root_id": "uuid:one"}

    def aim(case):
        held = case.path_parameters or {}
        held.update({name: value for name, value in there.items() if name in held})
        if "code" in held:
            held["code"] = script_of(place).get(f"{P}/cases").get_json()[0]["code"]

    found = faults(place, aim, [*UNSAID, negative_data_rejection])
    assert not found, told(found)
