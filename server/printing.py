"""A form on paper: one page that loads nothing, for the command and for the desk."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from xlsforms.definition import FormDefinition
from xlsforms.paper import ROWS, Paper, lay_out

TEMPLATES = Path(__file__).parent / "templates" / "forms"


def printed(definition: FormDefinition, language: str = "", *, bar: dict[str, Any] | None = None) -> str:
    """The page; `bar` is what the screen alone shows above it."""
    paper: Paper = lay_out(definition, language)
    page = _environment().get_template("print.html")
    return page.render(paper=paper, rows=ROWS, style=Markup(style()), bar=bar)  # noqa: S704 (our own style sheet)


def style_source() -> str:
    """What a Content-Security-Policy says to allow the page's own style sheet and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()}'"


@cache
def style() -> str:
    """The style sheet of printed forms."""
    return (TEMPLATES / "print.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
