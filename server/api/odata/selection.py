"""$select and $expand: which properties stand in a row."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.api.odata.faults import inside_a_repeat, no_such_property, not_together
from server.api.odata.model import Entity, Group, Link, Property

SYSTEM = (
    *("submissionDate", "updatedAt", "deletedAt", "submitterId", "submitterName", "attachmentsPresent"),
    *("attachmentsExpected", "status", "reviewState", "deviceId", "edits", "formVersion"),
)
SOMEBODY = frozenset({"submitterId", "submitterName", "deviceId"})


@dataclass(frozen=True)
class Selection:
    """What is wanted of an entity's rows; `system` are the parts of `__system`, none when it is left out."""

    nodes: "Mapping[str, Property | Link | Group]"
    id: bool = True
    parent_id: bool = True
    system: tuple[str, ...] = SYSTEM

    @property
    def columns(self) -> int:
        """How many questions are among it."""
        return _columns(self.nodes)


def select(entity: Entity, text: str | None, *, everything: bool) -> Selection:
    """What a $select names, all when it names nothing or `*`; raises Problem for what is not there."""
    system = tuple(name for name in SYSTEM if everything or name not in SOMEBODY)
    wanted = [one.strip() for one in (text or "*").split(",")]
    if "*" in wanted:
        return Selection(entity.group.nodes, system=system)
    kept, parts = Group(), dict[str, None]()
    for name in wanted:
        if name == "__id" or (entity.path and name == entity.id_of_parent):
            continue
        if not entity.path and name.partition("/")[0] == "__system":
            parts |= dict.fromkeys(_parts(name, system))
        else:
            _keep(kept, entity.group, name)
    in_order = tuple(name for name in system if name in parts)
    return Selection(kept.nodes, "__id" in wanted, entity.id_of_parent in wanted, in_order)


def refuse_both(text: str | None, *, expand: bool) -> None:
    """$select and $expand do not go together; raises Problem."""
    if text and expand:
        raise not_together("$select", "$expand")


def _parts(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    part = name.partition("/")[2]
    if not part:
        return known
    if part not in known:
        raise no_such_property(name)
    return (part,)


def _keep(kept: Group, group: Group, name: str) -> None:
    """A property with the groups around it, or all of a group, is wanted."""
    *groups, last = name.split("/")
    for step in groups:
        node = group.nodes.get(step)
        if isinstance(node, Link):
            raise inside_a_repeat(name)
        if not isinstance(node, Group):
            raise no_such_property(name)
        inner = kept.nodes.setdefault(step, Group(step))
        if not isinstance(inner, Group) or inner is node:
            return  # All of it is wanted already.
        kept, group = inner, node
    node = group.nodes.get(last)
    if node is None:
        raise no_such_property(name)
    kept.nodes[last] = node


def _columns(nodes: "Mapping[str, Property | Link | Group]") -> int:
    inner = sum(_columns(node.nodes) for node in nodes.values() if isinstance(node, Group))
    return inner + sum(isinstance(node, Property) for node in nodes.values())
