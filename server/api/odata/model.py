"""A form's tables as OData sees them: entity types, properties in nested groups, links to the rows of repeats."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from server.api.form_fields import identifier
from server.api.form_tables import FormTables
from server.api.odata.values import EDM, OF_QUESTION
from submissions.fields import Table

TOP = "Submissions"


@dataclass(frozen=True)
class Property:
    """A question of a table, by its column."""

    name: str
    column: int
    kind: str  # ODK's type of what it holds

    @property
    def edm(self) -> str:
        """OData's word for that."""
        return EDM.get(self.kind, "Edm.String")


@dataclass(frozen=True)
class Link:
    """The rows that a repeat has, in a table of their own."""

    name: str
    table: int


@dataclass
class Group:
    """What stands together under one name; the outermost has none."""

    name: str = ""
    nodes: "dict[str, Property | Link | Group]" = field(default_factory=dict)


@dataclass(frozen=True)
class Entity:
    """A table; `path` leads to it from the row around it, `parts` from the outermost row."""

    number: int
    parent: int | None
    path: tuple[str, ...]
    parts: tuple[str, ...]
    group: Group

    @property
    def name(self) -> str:
        """Its name among the tables."""
        return ".".join((TOP, *self.parts))

    @property
    def id_of_parent(self) -> str:
        """What its rows call the id of the row around them."""
        return "__" + "-".join((TOP, *self.parts[: -len(self.path)])) + "-id"


def model_of(form: FormTables) -> tuple[Entity, ...]:
    """The entities of a form, in the order of its tables; no two names under one group are alike."""
    entities: list[Entity] = []
    for number, table in enumerate(form.tables):
        path: tuple[str, ...] = ()
        parts: tuple[str, ...] = ()
        if table.parent is not None:
            around = entities[table.parent]
            path = _add_link(around.group, table, number)
            parts = (*around.parts, *path)
        group = Group()
        for column, one in enumerate(table.fields):
            inner = _descend(group, one.steps[:-1])[0]
            name = _free(inner, one.name)
            inner.nodes[name] = Property(name, column, OF_QUESTION.get(one.type, "string"))
        entities.append(Entity(number, table.parent, path, parts, group))
    return tuple(entities)


def groups_of(group: Group, parts: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Group]]:
    """The groups below this one with the names that lead to them, outer ones first."""
    for node in group.nodes.values():
        if isinstance(node, Group):
            yield (*parts, node.name), node
            yield from groups_of(node, (*parts, node.name))


def _add_link(group: Group, table: Table, number: int) -> tuple[str, ...]:
    inner, path = _descend(group, table.steps[:-1])
    name = _free(inner, table.name)
    inner.nodes[name] = Link(name, number)
    return (*path, name)


def _descend(group: Group, steps: tuple[str, ...]) -> tuple[Group, tuple[str, ...]]:
    """The group at the end of these names, made where it is not there yet."""
    path: list[str] = []
    for step in steps:
        name = identifier(step)
        node = group.nodes.get(name)
        if not isinstance(node, Group):
            name = _free(group, step)
            node = group.nodes[name] = Group(name)
        path.append(name)
        group = node
    return group, tuple(path)


def _free(group: Group, step: str) -> str:
    """The name as an identifier, with an underscore more where that is taken."""
    name = identifier(step)
    while name in group.nodes or name in ("__id", "__system"):
        name += "_"
    return name
