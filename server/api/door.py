"""The JSON door's blueprint, and how its routes say what they take and give."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint

from server.api.problems import wrong_type
from server.api.reading import JSON_TYPE, Parser
from server.api.shapes import Fault

View = TypeVar("View", bound=Callable[..., Any])
PROJECT = "/projects/<int(max=2147483647):project_id>"
FORM = PROJECT + "/forms/<form_id>"


class JsonBlueprint(Blueprint):  # type: ignore[misc]
    """Routes with shapes; pages are told in the body, never in a header of their own."""

    ARGUMENTS_PARSER = Parser()
    PAGINATION_HEADER_NAME = None


blueprint = JsonBlueprint("api", __name__, url_prefix="/v1", description="ODK Central's resources and our own")


def route(method: str, path: str, *, tag: str, endpoint: str | None = None) -> Callable[[View], View]:
    """The function answers this method at this path."""
    more = {} if endpoint is None else {"endpoint": endpoint}
    add: Callable[[View], View] = blueprint.route(path, methods=[method], tags=[tag], **more)
    return add


def body(shape: type[ma.Schema]) -> Callable[[View], View]:
    """The function's first argument is the JSON body, read by the shape."""
    add: Callable[[View], View] = blueprint.arguments(shape, location="json")
    return add


def query(shape: type[ma.Schema]) -> Callable[[View], View]:
    """The function's first argument is the query string, read by the shape."""
    add: Callable[[View], View] = blueprint.arguments(shape, location="query")
    return add


def gives(shape: type[ma.Schema], *, many: bool = False) -> Callable[[View], View]:
    """The function's result is written by the shape, and so described."""
    add: Callable[[View], View] = blueprint.response(200, shape(many=many))
    return add


def gives_mapping(values: dict[str, Any]) -> Callable[[View], View]:
    """The function's result is an object whose names are not known beforehand, described by what stands under them."""
    described = {"type": "object", "additionalProperties": values}

    def add(view: View) -> View:
        @wraps(view)
        def write(*arguments: Any, **named: Any) -> Response:
            return Response(json.dumps(view(*arguments, **named), ensure_ascii=False), content_type=JSON_TYPE)

        described_view: View = blueprint.response(200, described)(write)
        return described_view

    return add


def gives_bytes(*content_types: str) -> Callable[[View], View]:
    """The function answers with bytes of these types."""

    def add(view: View) -> View:
        for content_type in content_types:
            described = {"type": "object"} if content_type == JSON_TYPE else {"type": "string", "format": "binary"}
            view = blueprint.response(200, described, content_type=content_type)(view)
        return view

    return add


def takes_bytes(*content_types: str) -> Callable[[View], View]:
    """The function reads the body itself."""
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in content_types}
    add: Callable[[View], View] = blueprint.doc(requestBody={"required": True, "content": content})
    return add


def may_answer(*statuses: int, content_type: str = JSON_TYPE) -> Callable[[View], View]:
    """The function may also answer so, in the shape of a refusal or without a body; in another type, with any text."""
    text = {"type": "string"}

    def add(view: View) -> View:
        for status in statuses:
            shape = None if status < 400 else Fault if content_type == JSON_TYPE else text
            view = blueprint.alt_response(status, schema=shape, content_type=content_type)(view)
        return view

    return add


def for_anybody(view: View) -> View:
    """The function answers whoever asks, signed in or not."""
    described: View = blueprint.doc(security=[])(view)
    return described


def extended() -> bool:
    """True when the caller asks for more than the plain shape."""
    asked = request.headers.get("X-Extended-Metadata", "false").lower()
    if asked not in {"true", "false"}:
        raise wrong_type("X-Extended-Metadata", "true or false")
    return asked == "true"
