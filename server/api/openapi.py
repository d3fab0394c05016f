"""The door's own description, OpenAPI 3.1, made from the shapes of its routes."""

import json
from importlib.metadata import version
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, Response, current_app
from flask_smorest import Api

from server.api.door import blueprint, route
from server.api.shapes import Fault

BEARER = {"type": "http", "scheme": "bearer", "description": "The token that POST /v1/sessions gives, for 24 hours."}
BASIC = {"type": "http", "scheme": "basic", "description": "Over https only."}


class DescribedApi(Api):  # type: ignore[misc]
    """Routes and shapes with their description; refusals are answered by the one table of errors."""

    ERROR_SCHEMA = Fault

    def _register_error_handlers(self) -> None:
        """`server/errors.py` answers everything."""


def describe(app: Flask) -> Any:
    """The app's description, to which the routes are added."""
    app.config |= {"API_TITLE": "Fieldcase", "API_VERSION": version("fieldcase"), "OPENAPI_VERSION": "3.1.0"}
    named = MarshmallowPlugin(schema_name_resolver=_name)
    api = DescribedApi(app, spec_kwargs={"marshmallow_plugin": named})
    api.spec.components.security_scheme("bearer", BEARER)
    api.spec.components.security_scheme("basic", BASIC)
    api.spec.options["security"] = [{"bearer": []}, {"basic": []}]
    return api


def _name(shape: Any) -> str:
    """What a shape is called in the description."""
    kind = resolve_schema_cls(shape)
    return str(getattr(kind, "__name__", kind)).removesuffix("Shape")


@route("GET", "/openapi.json", tag="description")
@blueprint.response(200, {"type": "object"}, description="This description.")  # type: ignore[untyped-decorator]
def description() -> Response:
    """This description, for those who are signed in."""
    spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec
    return Response(json.dumps(spec.to_dict(), ensure_ascii=False), content_type="application/json")
