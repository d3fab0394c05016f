"""The desk's blueprint, and how its routes send a browser on."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.desk.notices import tell

blueprint = Blueprint("desk", __name__)


def see(endpoint: str, *, notice: str = "", count: int = 0, **values: object) -> Response:
    """303 to a page of the desk, which then says what was done."""
    answer = redirect(url_for(f"desk.{endpoint}", **values), 303)  # type: ignore[arg-type]
    if notice:
        tell(answer, notice, count)
    return answer


def local(address: str) -> str:
    """The address when it is a page of ours; the overview's otherwise."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ours else url_for("desk.overview")


def typed(name: str, longest: int = 1000) -> str:
    """What was typed into a field, without blanks around it."""
    return request.form.get(name, "").strip()[:longest]
