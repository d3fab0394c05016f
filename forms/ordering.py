"""What stands in another order than before."""

from bisect import bisect_left
from collections.abc import Sequence


def out_of_place(places: Sequence[int]) -> list[int]:
    """The fewest positions whose leaving out puts the rest in their former order, from the former place of each."""
    ends: list[int] = []  # Where a run of each length ends, at its lowest.
    lowest: list[int] = []
    before: list[int | None] = []
    for position, place in enumerate(places):
        length = bisect_left(lowest, place)
        before.append(ends[length - 1] if length else None)
        lowest[length : length + 1], ends[length : length + 1] = [place], [position]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return [position for position in range(len(places)) if position not in kept]
