"""How long what is urgent may wait: `clocks.csv`."""

import csv
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

FIRST_REVIEW = "first_review"


@cache
def clocks() -> dict[tuple[str, str], timedelta]:
    """The time that each clock gives each urgency."""
    with Path(__file__).with_name("clocks.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        return {(row["clock"], row["urgency"]): timedelta(hours=float(row["hours"])) for row in rows}


def due(urgency: str, since: datetime, *, clock: str = FIRST_REVIEW) -> datetime:
    """When the clock that started then runs out."""
    return since + clocks()[clock, urgency]
