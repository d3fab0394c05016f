"""In the limited child: pyxform makes the XForm out of the sheets it is given."""

import re
from string import Formatter
from typing import Any

from pyxform.errors import ErrorCode, PyXFormError
from pyxform.xls2xform import convert

NEXT_ROW = re.compile(r"\n(?=\[row : \d)")


def convert_sheets(sheets: dict[str, Any]) -> dict[str, Any]:
    """The XForm, the external choices and what pyxform warns of; or its errors."""
    warnings: list[str] = []
    try:
        result = convert(xlsform=sheets, warnings=warnings)
    except PyXFormError as error:
        told = [_coded(error)] if error.code else [_texted(part) for part in NEXT_ROW.split(str(error))]
        return {"errors": told, "warnings": [_texted(text) for text in warnings]}
    return {"xform": result.xform, "itemsets": result.itemsets, "warnings": [_texted(text) for text in warnings]}


def _coded(error: PyXFormError) -> dict[str, Any]:
    told = {key: value for key, value in error.context.items() if isinstance(value, str | int)}
    return {"code": error.code.name, "text": str(error), **told}


def _texted(text: str) -> dict[str, Any]:
    """A message as text, with the code and the facts of the template it was made from, if it was."""
    for code, pattern in TEMPLATES:
        if match := pattern.fullmatch(text):
            return {"code": code, "text": text, **match.groupdict()}
    return {"code": "", "text": text}


def _pattern(template: str) -> re.Pattern[str]:
    pieces, seen = [], set[str]()
    for literal, field, _spec, _conversion in Formatter().parse(template):
        pieces.append(re.escape(literal))
        if field is not None:
            pieces.append("(?s:.*?)" if field in seen else f"(?P<{field}>(?s:.*?))")
            seen.add(field)
    return re.compile("".join(pieces))


TEMPLATES = [(code.name, _pattern(code.value.msg)) for code in ErrorCode]
