"""The query options of the OData service."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Request
from werkzeug.datastructures import MultiDict

from server.api.odata.faults import bad_token, expands_all_or_nothing, wrong_format
from server.api.problems import Problem, not_offered, wrong_type, wrong_value

JSON = "application/json"
XML = "application/xml"
KNOWN = frozenset(
    f"${name}"
    for name in ("top", "skip", "count", "filter", "orderby", "select", "expand", "skiptoken", "wkt", "format")
)
MOST = 2**53
VERSION = "01"  # of $skiptoken, before its base64
LONGEST_TOKEN = 2_000  # characters
Sign = Callable[[bytes], str]
"""What nobody without the server's keys can give for the same bytes."""


@dataclass(frozen=True)
class Options:
    """What a request for data asks."""

    top: int | None = None
    skip: int = 0
    count: bool = False
    filter: str | None = None
    order: str | None = None
    select: str | None = None
    expand: bool = False
    token: str | None = None
    wkt: bool = False


@dataclass(frozen=True)
class Place:
    """Behind which row the next page begins: the submission, and the row of a repeat within it."""

    instance_id: str
    row_id: str = ""


def read_options(told: "MultiDict[str, str]") -> Options:
    """The options of a query; raises Problem."""
    for name, values in told.lists():
        if name not in KNOWN:
            raise not_offered(f"the query option {name[:80]}")
        if len(values) > 1:
            raise wrong_value(name, "it stands there more than once")
    expand, order, token = told.get("$expand") or None, told.get("$orderby") or None, told.get("$skiptoken") or None
    if expand not in (None, "*"):
        raise expands_all_or_nothing(expand or "")
    if order is not None and token is not None:
        raise not_offered("$orderby together with $skiptoken")
    return Options(
        top=_whole(told, "$top"),
        skip=_whole(told, "$skip") or 0,
        count=_flag(told, "$count"),
        filter=told.get("$filter") or None,
        order=order,
        select=told.get("$select") or None,
        expand=expand is not None,
        token=token,
        wkt=_flag(told, "$wkt"),
    )


def require_format(request: Request, wanted: str) -> None:
    """The caller takes this format; raises Problem."""
    short = wanted.rpartition("/")[2]
    asked = request.args.get("$format", "").split(";")[0].strip().lower()
    if asked and asked not in (short, wanted):
        raise wrong_format(wanted)
    accepted = {name.partition(";")[0].strip().lower() for name, worth in request.accept_mimetypes if worth > 0}
    if not asked and accepted and accepted.isdisjoint({wanted, f"text/{short}", "application/*", "*/*"}):
        raise wrong_format(wanted)


def require_version(request: Request) -> None:
    """The caller understands version 4.0; raises Problem."""
    newest = request.headers.get("OData-MaxVersion", "4.0")
    try:
        understands = float(newest) >= 4
    except ValueError:
        understands = False
    if not understands:
        raise Problem("404.1", "This service speaks OData 4.0 only.")


def write_token(place: Place, sign: Sign, bound_to: Any) -> str:
    """A $skiptoken that is good for one query of one person."""
    told = {"instanceId": place.instance_id} | ({"repeatId": place.row_id} if place.row_id else {})
    sealed = told | {"seal": _seal(told, sign, bound_to)}
    return VERSION + base64.urlsafe_b64encode(json.dumps(sealed, ensure_ascii=False).encode()).decode()


def read_token(token: str, sign: Sign, bound_to: Any) -> Place:
    """The place of a token that was written for this query; raises Problem."""
    try:
        if not token.startswith(VERSION) or len(token) > LONGEST_TOKEN:
            raise ValueError("not a token")
        told = json.loads(base64.b64decode(token.removeprefix(VERSION), altchars=b"-_", validate=True))
        seal = told.pop("seal")
        place = Place(told["instanceId"], told.get("repeatId", ""))
        good = hmac.compare_digest(seal, _seal(told, sign, bound_to))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise bad_token() from error
    if not good:
        raise bad_token()
    return place


def _seal(told: dict[str, str], sign: Sign, bound_to: Any) -> str:
    return sign(json.dumps(["skiptoken", told, bound_to], sort_keys=True).encode())[:32]


def _whole(told: "MultiDict[str, str]", name: str) -> int | None:
    text = told.get(name)
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 40):
        raise wrong_type(name, "a whole number")
    number = int(text)
    if not 0 <= number < MOST:
        raise wrong_value(name, "it is less than nothing or too large")
    return number


def _flag(told: "MultiDict[str, str]", name: str) -> bool:
    text = told.get(name, "false").lower()
    if text not in ("true", "false", ""):
        raise wrong_type(name, "true or false")
    return text == "true"
