"""Workbooks for the tests: written as markdown tables, or built cell by cell."""

import base64
import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from textwrap import dedent
from typing import Any

import openpyxl

from xlsforms.workbook import Workbook, read_workbook


def book(tables: str, name: str = "form.md") -> Workbook:
    """The workbook in these markdown tables."""
    return read_workbook(dedent(tables).encode(), name)


def xlsx(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    """An .xlsx file with these sheets, row by row from A1."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return saved(workbook)


def saved(workbook: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


# An Excel 97 file: survey with a text, a blank row, an integer and a date; and settings.
OLD_EXCEL = zlib.decompress(
    base64.b64decode(
        """
eNrtWE9IFGEUf9/srLtr6/4xDTSQReifaRBduuhmWEKgWB36Q2Cj+7ksjjMyM4p2KMv2GASdii6CHbpoXfpDHYouHQKjDkEQaB07BQUd1Ol9b2
        anXdvApRKMecP3vu+9773ffPu99/3Zeb2QXJy537gEa6gDArBqR6CqSMewRApCArDftkWzUIex2D5tKoqEMZBVQXhS8yokYijivQQS3JOfIwf4
        iOUcjEKvrvHUBtJhGoPCxBjamYy5J8FtLDFooHHVEh8kvpX4PNk+JX6INNeIt6PtIjsLC+neloNuHp+WmqkvhpzBQ/J5T5r9UA8vRR5fus4c2y
        B0GjlF3WQdTXIUZgFD2s01bgg5DnegGuAMUltPT1tX1yLUYbhn4ZudAvhaWNfPUr5+Y/UMUP+9VB/6jT6MQVyrvyHJAFNgn2cimfOY1HOys5TN
        MWOcT+Zxr06FnA3a5JaV07LmMszjsgAqaGxNjnKsNGWEBwFUZYCr6JDhQ8qYamHSDCom7x/KcTUjjPmEhVaKmlPMLQC96JSy9NSYyaMAo9wwdW
        0fdSJETrN4lhsBNM9y5J1Z8Z6MYonK5FxDm5NYpXTRGtKNkf5cBlvjCJPTNTxtdDXTzycGuVotTh/arRIlu1UNreEo8gzEqZ2klZzAn7t898ub
        noG+dD9ppuiEcs6xHWLSwIbLwgOdY9QT9HgLeewlfoVQt1O7kXgd2mC9s6/ebRydJpur1LsT33OA6G16V1F7N7bzn48/asp/Su/B9lz30oW6uX
        fpGWjGczWD/uKZhlbWym7dFPQ4XaiZu+N9IN7wy+4XlhLu2G33sI7DiljvSEnijiRmh3mS5M6VIwVQCniSjJLsIrMyyIyQg649I+QqTxLIIU8S
        WGEXK0DYpVgBwoq49gHCqvYkgYWJBhclIYlRHnOx5DJYMmFFXW+ZsGo8SWDFXCwZsWrhwQsJOiSsxUTgyfGTNiLjJI9v1oyTymZcvCTjEkV5JJ
        XNo6QbEyePxNxQTKBcTHzyySeffPLJpz8j5t4+nFuZc/cVd5yQ+11nBcuq/5nkv6UToONj4V/KI6BhbcBkRfmzDYKsgMXW6VP4XijoFL7dgGEY
        oHEMV5y/eEdlxb9n3Y6Jv7eEKn3/aiXj/Mfv/wHSgD0a
        """
    )
)
