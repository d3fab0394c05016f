"""Keyset pages: where this one begins and ends, and the addresses of those beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import request, url_for

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """Which page was asked for: what comes before one place or after another, or the newest."""

    before: str
    after: str

    def cut(self, rows: Sequence[T], size: int) -> tuple[list[T], bool, bool]:
        """The rows of the page, from one row more than fits; whether newer and older ones are there."""
        more = len(rows) > size
        if self.after:
            return list(rows[-size:]), more, True
        return list(rows[:size]), bool(self.before), more


def asked() -> Page:
    """The page that the address names."""
    return Page(request.args.get("before", ""), request.args.get("after", ""))


def beside(endpoint: str, filters: Mapping[str, str], **place: str) -> str:
    """The address of a page beside this one, with the same filters."""
    chosen: dict[str, Any] = {name: value for name, value in filters.items() if value}
    return url_for(f"desk.{endpoint}", **chosen | place)
