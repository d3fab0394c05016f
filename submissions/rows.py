"""The rows that one submission gives each table of its form: texts as they stand in the XML."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from submissions.fields import Guard, Outline, Table, below


class Row(NamedTuple):
    """A row of a table: `place` is its path with positions, "places[2]/stop[1]", `parent` that of the row around it.

    Both are empty for the one row of the outermost table, and `parent` for the rows right below it.
    """

    place: str
    parent: str
    cells: list[str]


@dataclass(frozen=True)
class _Repeat:
    table: int
    path: str  # from the row around it
    nodes: "_Nodes"


_Nodes = dict[str, "int | _Nodes | _Repeat"]
_Rows = list[list[Row]]


class Reader:
    """Reads submissions of one version into tables that may be those of several."""

    def __init__(self, outline: Outline, tables: Sequence[Table]) -> None:
        self._widths = [len(table.fields) for table in tables]
        self._nodes: _Nodes = {}
        self._guards: list[tuple[int, int, Guard]] = []
        repeats, paths = set(outline.repeats), {below(question.path): question for question in outline.questions}
        for number, table in enumerate(tables):
            if table.path and table.path not in repeats:
                continue  # This version has no such repeat.
            if table.path:
                self._place(table.path, _Repeat(number, "/".join(table.steps), {}))
            for column, field in enumerate(table.fields):
                question = paths.get(field.path)
                # A question that has moved into or out of a repeat is another column there.
                if question is None or below(question.repeat) != table.path or not outline.may_read(question.path):
                    continue
                self._place(field.path, column)
                guard = outline.guard(question.path)
                if guard is not None:
                    self._guards.append((number, column, guard))

    def read(self, root: etree._Element) -> _Rows:
        """The rows of each table, in the order of the XML; what is no column is passed over."""
        rows: _Rows = [[] for _width in self._widths]
        cells = [""] * self._widths[0]
        rows[0].append(Row("", "", cells))
        self._fill(root, self._nodes, cells, "", rows, {})
        for number, column, guard in self._guards:
            for row in rows[number]:
                if row.cells[column] and not guard(row.cells[column]):
                    row.cells[column] = ""
        return rows

    def _fill(
        self,
        element: etree._Element,
        nodes: _Nodes,
        cells: list[str],
        place: str,
        rows: _Rows,
        counts: dict[int, int],
    ) -> None:
        for child in element:
            tag: str = child.tag  # The parser leaves comments out.
            node = nodes.get(tag)
            if node is None and (tag[0] != "{" or (node := nodes.get(tag.rpartition("}")[2])) is None):
                continue
            if isinstance(node, int):
                text = child.text
                if text and not len(child):
                    cells[node] = text
            elif isinstance(node, dict):
                self._fill(child, node, cells, place, rows, counts)
            elif node is not None:
                self._add_row(child, node, place, rows, counts)

    def _add_row(
        self, element: etree._Element, repeat: _Repeat, parent: str, rows: _Rows, counts: dict[int, int]
    ) -> None:
        number = counts[repeat.table] = counts.get(repeat.table, 0) + 1
        place = f"{parent}/{repeat.path}[{number}]" if parent else f"{repeat.path}[{number}]"
        cells = [""] * self._widths[repeat.table]
        rows[repeat.table].append(Row(place, parent, cells))
        self._fill(element, repeat.nodes, cells, place, rows, {})

    def _place(self, path: str, thing: "int | _Repeat") -> None:
        *groups, name = path.split("/")
        nodes = self._nodes
        for group in groups:
            node = nodes.setdefault(group, {})
            if isinstance(node, int):
                return  # A question where another version has a group.
            nodes = node.nodes if isinstance(node, _Repeat) else node
        nodes[name] = thing


def instance_parser() -> etree.XMLParser:
    """Parses instances that were read without trust when they came in; for one thread at a time."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
        collect_ids=False,
    )
