"""Where tables, rows and the rows below them are found: `Submissions('uuid:1')/trip('4f…')/stop`."""

import re
from dataclasses import dataclass

from server.api.odata.model import TOP, Entity
from server.api.problems import Problem

STEP = re.compile(r"([^/(]+)(?:\('((?:[^']|'')*)'\))?(?:/|$)")


@dataclass(frozen=True)
class Resource:
    """What an address leads to.

    `instance_id` is the submission that it names, `keys` the rows of repeats by the number of their table.
    """

    entity: Entity
    instance_id: str | None
    keys: dict[int, str]


def find(path: str, entities: tuple[Entity, ...]) -> Resource:
    """The table or rows at this address; raises Problem."""
    whole = next((one for one in entities if one.name == path), None)
    if whole is not None:
        return Resource(whole, None, {})
    steps = _steps(path)
    if steps is None or steps[0][0] != TOP or steps[0][1] is None:
        raise nothing_there()
    by_parts = {one.parts: one for one in entities}
    names: tuple[str, ...] = ()
    keys: dict[int, str] = {}
    for name, key in steps[1:]:
        names = (*names, name)
        if key is not None:
            if names not in by_parts:
                raise nothing_there()
            keys[by_parts[names].number] = key
    if names not in by_parts:
        raise nothing_there()
    return Resource(by_parts[names], steps[0][1], keys)


def nothing_there() -> Problem:
    """There is no such table or row."""
    return Problem("404.1", "There is no such table or row here.")


def _steps(path: str) -> list[tuple[str, str | None]] | None:
    found: list[tuple[str, str | None]] = []
    at = 0
    while at < len(path):
        match = STEP.match(path, at)
        if match is None:
            return None
        key = match[2]
        found.append((match[1], None if key is None else key.replace("''", "'")))
        at = match.end()
    return found or None
