"""Rule about circles: answers that depend on themselves, through calculations and conditions."""

from collections.abc import Iterator
from itertools import islice

from xlsforms.expressions import Cell, cells
from xlsforms.findings import Finding, error
from xlsforms.limits import Limits
from xlsforms.outline import Item, Outline, outline
from xlsforms.sheets import Workbook

DEPENDING = ("calculation", "relevant", "readonly", "required")
# From each row to those that it depends on, with the cell that says so; None for the group that it stands in.
Edges = dict[Item, dict[Item, Cell | None]]
MOST = 20  # circles told of one workbook
ROUNDS = 8  # how often one more circle is looked for in each knot


def circles(workbook: Workbook, limits: Limits) -> Iterator[Finding]:
    """Each circle once, at the cell of its first row, with the way round."""
    found = outline(workbook)
    if any(len(item.around) > limits.depth for item in found.items):
        return  # It is refused for that already.
    edges = _edges(workbook, found)
    for circle in islice(_circles(edges), MOST):
        said = [edges[item][following] for item, following in zip(circle, [*circle[1:], circle[0]], strict=True)]
        # A group that is only stood in is left out of the way round.
        named = [at for at in range(len(circle)) if said[at - 1] is not None]
        first = min(named, key=lambda at: circle[at].row.number)
        cell = next(cell for cell in [*said[first:], *said[:first]] if cell is not None)
        turn = named.index(first)
        way = [circle[at].name for at in [*named[turn:], *named[: turn + 1]]]
        yield error("cycle", cell.place, names=" → ".join(way))


def _edges(workbook: Workbook, found: Outline) -> Edges:
    edges: Edges = {}
    for cell in cells(workbook, *DEPENDING):
        expression = cell.read()
        if expression is None or cell.item is None or _set_by_trigger(cell, found):
            continue
        if expression.itself:
            edges.setdefault(cell.item, {})[cell.item] = cell
        for each in expression.references:
            same = found.by_name.get(each.name, ())
            if len(same) == 1 and not each.quoted and not each.last_saved:
                edges.setdefault(cell.item, {}).setdefault(same[0], cell)
    for item in found.items:
        if item.parent is not None:
            edges.setdefault(item, {}).setdefault(item.parent, None)
    return edges


def _set_by_trigger(cell: Cell, found: Outline) -> bool:
    """Whether the calculation is done once, when another answer changes, and not whenever one of its own does."""
    return cell.column == "calculation" and cell.item is not None and bool(found.survey.get(cell.item.row, "trigger"))


def _circles(edges: Edges) -> Iterator[list[Item]]:
    """One circle of each knot of rows that depend on each other, then of what is left of them; no row is told twice."""
    left = edges
    for _round in range(ROUNDS):
        knots = _knots(left)
        done: set[Item] = set()
        for knot in knots:
            circle = _back(knot, left)
            yield circle
            done.update(circle)
        left = {item: left[item] for knot in knots for item in knot if item not in done}


def _knots(edges: Edges) -> list[list[Item]]:
    """The strongly connected rows (Kosaraju and Sharir), by their first one in the survey; a row alone is no knot."""
    needed: dict[Item, list[Item]] = {item: [] for item in edges}
    for item, targets in edges.items():
        for target in targets:
            if target in needed:
                needed[target].append(item)
    knot_of: dict[Item, Item] = {}
    for start in reversed(_finished(edges)):
        if start not in knot_of:
            knot_of[start], waiting = start, [start]
            while waiting:
                for item in needed[waiting.pop()]:
                    if item not in knot_of:
                        knot_of[item] = start
                        waiting.append(item)
    knots: dict[Item, list[Item]] = {}
    for item in edges:
        knots.setdefault(knot_of[item], []).append(item)
    return [knot for knot in knots.values() if len(knot) > 1 or knot[0] in edges[knot[0]]]


def _finished(edges: Edges) -> list[Item]:
    """Each row after all that it depends on, but for those that depend on it again."""
    seen: set[Item] = set()
    order: list[Item] = []
    for start in edges:
        ways = [] if start in seen else [(start, iter(edges[start]))]
        seen.add(start)
        while ways:
            _item, targets = ways[-1]
            following = next((target for target in targets if target in edges and target not in seen), None)
            if following is None:
                order.append(ways.pop()[0])
            else:
                seen.add(following)
                ways.append((following, iter(edges[following])))
    return order


def _back(knot: list[Item], edges: Edges) -> list[Item]:
    """The shortest way from the first row of a knot back to itself."""
    start, inside = knot[0], set(knot)
    before: dict[Item, Item] = {}
    level = [start]
    for item in level:
        for target in edges[item]:
            if target is start:
                way = [item]
                while way[-1] is not start:
                    way.append(before[way[-1]])
                return way[::-1]
            if target in inside and target not in before:
                before[target] = item
                level.append(target)
    return []
