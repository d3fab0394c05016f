"""The floor: the least program that takes a submission durably, on the same server and database as Fieldcase.

No framework, no ORM, nothing sealed: parse the multipart, parse the XML, insert one row, commit, 201.
"""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree
from waitress import serve
from werkzeug.formparser import parse_form_data

ANSWER = b'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message>ok</message></OpenRosaResponse>'
HEADERS = [("Content-Type", "text/xml"), ("X-OpenRosa-Version", "1.0"), ("Content-Length", str(len(ANSWER)))]

Start = Callable[[str, list[tuple[str, str]]], Any]


def application(path: str) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """A WSGI application that keeps posts in the SQLite file."""
    held, gate = threading.local(), threading.Lock()

    def connection() -> sqlite3.Connection:
        if not hasattr(held, "connection"):
            held.connection = sqlite3.connect(path, isolation_level=None)
            held.connection.execute("PRAGMA journal_mode=WAL")
            held.connection.execute("PRAGMA synchronous=FULL")
        own: sqlite3.Connection = held.connection
        return own

    setup = sqlite3.connect(path)
    setup.execute("PRAGMA journal_mode=WAL")
    setup.execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, instance TEXT UNIQUE, xml BLOB, files BLOB)")
    setup.commit()
    setup.close()

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            start("200 OK", HEADERS)
            return [ANSWER]
        _stream, _form, files = parse_form_data(environ)
        xml = files["xml_submission_file"].read()
        root = etree.fromstring(xml)
        instance = root.findtext(".//{*}instanceID")
        others = b"".join(file.read() for name, file in files.items() if name != "xml_submission_file")
        with gate:
            database = connection()
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO posts (instance, xml, files) VALUES (?, ?, ?)", (instance, xml, others))
            database.execute("COMMIT")
        start("201 Created", HEADERS)
        return [ANSWER]

    return answer


if __name__ == "__main__":
    serve(
        application(sys.argv[1]),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        threads=8,
        connection_limit=2000,
        asyncore_use_poll=True,
        max_request_body_size=2**30,
    )
