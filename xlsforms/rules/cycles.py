"""Rule about circles: answers that depend on themselves, through calculations and conditions."""

from collections.abc import Iterator

from xlsforms.expressions import Cell, cells
from xlsforms.findings import Finding, error
from xlsforms.limits import Limits
from xlsforms.outline import Item, Outline, outline
from xlsforms.sheets import Workbook

DEPENDING = ("calculation", "relevant", "readonly", "required")
Edges = dict[Item, dict[Item, Cell]]  # from each row to those that it depends on, with the cell that says so
MOST = 20  # circles told of one workbook


def circles(workbook: Workbook, limits: Limits) -> Iterator[Finding]:
    """Each circle once, at the cell of its first row, with the way round."""
    found = outline(workbook)
    if any(len(item.around) > limits.depth for item in found.items):
        return  # It is refused for that already.
    edges = _edges(workbook, found)
    for told, circle in enumerate(_circles(edges)):
        if told == MOST:
            return
        first = min(range(len(circle)), key=lambda at: circle[at].row.number)
        way = [*circle[first:], *circle[:first]]
        names = " → ".join(item.name for item in [*way, way[0]])
        yield error("cycle", edges[way[0]][way[1 % len(way)]].place, names=names)


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
    _from_groups(edges, found)
    return edges


def _set_by_trigger(cell: Cell, found: Outline) -> bool:
    """Whether the calculation is done once, when another answer changes, and not whenever one of its own does."""
    return cell.column == "calculation" and cell.item is not None and bool(found.survey.get(cell.item.row, "trigger"))


def _from_groups(edges: Edges, found: Outline) -> None:
    """What stands in a group depends on what the group's relevance depends on."""
    for item in found.items:
        for group in item.around:
            for target, cell in list(edges.get(group, {}).items()):
                edges.setdefault(item, {}).setdefault(target, cell)


def _circles(edges: Edges) -> Iterator[list[Item]]:
    """One circle of each knot of rows that depend on each other, shortest first found; no row is told twice."""
    done: set[Item] = set()
    edges = _knots(edges)
    for start in edges:
        if start not in done and (circle := _back(start, edges)) and not done.intersection(circle):
            yield circle
            done.update(circle)


def _knots(edges: Edges) -> Edges:
    """The rows that may stand in a circle: those that depend on nothing, or on such rows alone, are taken out."""
    waiting = {item: set(targets) & edges.keys() for item, targets in edges.items()}
    needed: dict[Item, list[Item]] = {}
    for item, targets in waiting.items():
        for target in targets:
            needed.setdefault(target, []).append(item)
    free = [item for item, targets in waiting.items() if not targets]
    while free:
        item = free.pop()
        for other in needed.get(item, ()):
            waiting[other].discard(item)
            if not waiting[other]:
                free.append(other)
    return {item: edges[item] for item in edges if waiting[item]}


def _back(start: Item, edges: Edges) -> list[Item]:
    """The shortest way from a row back to itself; [] when there is none."""
    before: dict[Item, Item] = {}
    level = [start]
    while level:
        following = []
        for item in level:
            for target in edges.get(item, {}):
                if target is start:
                    way = [item]
                    while way[-1] is not start:
                        way.append(before[way[-1]])
                    return way[::-1]
                if target not in before and target in edges:
                    before[target] = item
                    following.append(target)
        level = following
    return []
