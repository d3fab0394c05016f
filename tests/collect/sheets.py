"""Forms for the tablet's own tests, written as markdown tables."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from pathlib import Path

from pyxform.xls2xform import convert

EXAMPLES = Path(__file__).parent / "examples"


@lru_cache(maxsize=64)
def xform(sheets: str) -> bytes:
    """The XForm of a workbook in markdown; its tables may be indented."""
    compiled = convert(textwrap.dedent(sheets).strip(), file_type=".md", form_name="data", warnings=[])
    return str(compiled.xform).encode()


def example(name: str) -> bytes:
    """The XForm of a workbook in `examples`."""
    return xform((EXAMPLES / f"{name}.md").read_text())
