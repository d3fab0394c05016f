"""What every answer says about itself: it loads nothing but our own files, stands in no frame and is not kept."""

from flask import Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOWNLOAD_POLICY = "default-src 'none'; sandbox"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not `no-referrer`: with it browsers send `Origin: null`, and our own forms look as if they came from elsewhere.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LINES = (*HEADERS.items(), ("Cache-Control", "no-store"))


def close_the_page(answer: Response) -> Response:
    """The answer carries the strict headers wherever it does not set its own."""
    own = {name.lower() for name, _value in answer.headers}
    answer.headers.extend([(name, value) for name, value in LINES if name.lower() not in own])
    return answer


def as_download(answer: Response, name: str, content_type: str) -> Response:
    """The browser saves the answer under this name and runs nothing of it."""
    plain = "".join(character for character in name if character.isprintable() and character not in '/\\"') or "file"
    answer.headers["Content-Type"] = content_type
    answer.headers.set("Content-Disposition", "attachment", filename=plain)
    answer.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    return answer
