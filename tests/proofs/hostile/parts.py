"""Posts whose parts are cut, doubled, nested or named to do harm."""

import gzip

from tests.proofs.hostile.wire import (
    BOUNDARY,
    END,
    MULTIPART,
    Row,
    body,
    file_part,
    instance,
    part,
    request,
    xml_part,
)

XML = b'form-data; name="xml_submission_file"; filename="a.xml"'


def _good(name: str) -> bytes:
    return xml_part(instance(f"parts {name}"))


def _bound(name: str, boundary: bytes, said: bytes | None = None) -> bytes:
    """A post with another boundary, which its header says rightly unless it is told otherwise."""
    content = body(_good(name)).replace(BOUNDARY, boundary)
    return request(content, kind=b"multipart/form-data; boundary=" + (boundary if said is None else said))


def _typed(kind: bytes | None, name: str = "typed") -> bytes:
    return request(body(_good(name)), kind=kind)


MB = 1024 * 1024
REFUSED = {
    "no type": _typed(None),
    "an empty type": _typed(b""),
    "XML alone": request(instance("alone"), kind=b"text/xml"),
    "JSON": request(b'{"xml_submission_file": "x"}', kind=b"application/json"),
    "fields of a page": request(b"xml_submission_file=x", kind=b"application/x-www-form-urlencoded"),
    "mixed": _typed(b"multipart/mixed; boundary=" + BOUNDARY),
    "no boundary": _typed(b"multipart/form-data"),
    "an empty boundary": _typed(b"multipart/form-data; boundary="),
    "an empty boundary in quotes": _typed(b'multipart/form-data; boundary=""'),
    "another boundary": _typed(b"multipart/form-data; boundary=other"),
    "a boundary with a letter more": _typed(MULTIPART + b"x"),
    "a boundary with a letter less": _typed(MULTIPART[:-1]),
    "a boundary that is a pattern": _bound("pattern", BOUNDARY, b".*"),
    "a boundary of 100,000 letters less": _bound("long", BOUNDARY, b"x" * 50_000),
    "a boundary beyond ASCII": _bound("beyond", b"gr\xc3\xbc\xc3\x9fe"),
    "nothing": request(b""),
    "only the end": request(END),
    "only a beginning": request(b"--" + BOUNDARY),
    "only line breaks": request(b"\r\n" * 10_000),
    "no end": request(_good("no end")),
    "an end without its dashes": request(_good("dashes") + b"--" + BOUNDARY + b"\r\n"),
    "an end with one dash": request(_good("one dash") + b"--" + BOUNDARY + b"-\r\n"),
    "cut in a file": request(_good("in a file") + file_part(b'"a.jpg"', b"x" * 100_000)[:-50_000]),
    "cut in the XML": request(_good("in the xml")[:-60]),
    "cut in a part's headers": request(_good("in headers") + b"--" + BOUNDARY + b"\r\nContent-Dispo"),
    "a file name that is no UTF-8": request(body(_good("no UTF-8"), file_part(b'"\xff\xfe\xc3\x28.jpg"'))),
    "no answers": request(body(file_part(b'"a.jpg"'))),
    "answers twice": request(body(_good("first"), _good("second"))),
    "the same answers twice": request(body(_good("same"), _good("same"))),
    "answers under no name": request(body(part(instance("unnamed"), b"form-data"))),
    "answers under another name": request(body(part(instance("other"), b'form-data; name="xml"; filename="a.xml"'))),
    "answers under a name in capitals": request(body(part(instance("caps"), XML.replace(b"xml_s", b"XML_S")))),
    "a part without a disposition": request(
        b"--" + BOUNDARY + b"\r\nContent-Type: text/xml\r\n\r\n" + instance("none") + b"\r\n" + END
    ),
    "a part without headers": request(b"--" + BOUNDARY + b"\r\n\r\n" + instance("headless") + b"\r\n" + END),
    "parts in a part": request(
        body(part(b"--in\r\n" + _good("in") + b"\r\n--in--", XML, b"Content-Type: multipart/mixed; boundary=in"))
    ),
    "answers in base 64": request(body(part(b"PGRhdGEvPg==", XML, b"Content-Transfer-Encoding: base64"))),
    "a packed body": request(gzip.compress(body(_good("packed"))), b"Content-Encoding: gzip"),
}
TOO_LARGE = {
    "5 MB after the end": request(body(_good("after")) + b"x" * 5 * MB),
    "5 MB of almost boundaries": request((b"\r\n--" + BOUNDARY[:-1]) * (5 * MB // 16)),
    "5 MB of line breaks": request(b"\r\n" * (5 * MB // 2)),
    "5 MB of dashes": request(b"-" * 5 * MB),
    "5 MB without a boundary": request(b"x" * 5 * MB),
    "a part header of 5 MB": request(body(part(instance("header"), XML, b"X-Long: " + b"x" * 5 * MB))),
    "100,000 headers of a part": request(body(part(instance("headers"), XML, *[b"X-Many: x"] * 100_000))),
    "a file name of 5 MB": request(body(_good("name"), file_part(b'"' + b"x" * 5 * MB + b'"'))),
    "2,000 files": request(body(_good("files"), *[file_part(b'"%d.jpg"' % n) for n in range(2_000)])),
    "20,000 words of being incomplete": request(
        body(_good("words"), *[part(b"yes", b'form-data; name="*isIncomplete*"')] * 20_000)
    ),
    "a word of being incomplete of 17 MB": request(
        body(_good("word"), part(b"yes" * 6 * MB, b'form-data; name="*isIncomplete*"'))
    ),
}
# Names are data: what is dangerous in them is taken off, and the file is kept.
NAMES = {
    "a way up": b'"../../../../etc/cron.d/evil"',
    "a way up in the way of Windows": b'"..\\..\\..\\boot.ini"',
    "a way up, encoded": b'"%2e%2e%2f%2e%2e%2fevil.jpg"',
    "a way up in the other notation": b"\"x\"; filename*=UTF-8''%2e%2e%2f%2e%2e%2fevil.jpg",
    "a path from the root": b'"/etc/passwd"',
    "a drive": b'"C:\\Windows\\system32\\evil.dll"',
    "a place on the network": b'"\\\\evil\\share\\x.jpg"',
    "a nought": b'"a.jpg\0.php"',
    "nothing": b'""',
    "a dot": b'"."',
    "two dots": b'".."',
    "blanks": b'"   "',
    "a new line": b'"a.jpg%0D%0AX-Evil: 1"',
    "quotes": b'"a\\"; name=\\"xml_submission_file\\".jpg"',
    "a bell": b'"a\x07\x1b[31m.jpg"',
    "255 letters of four bytes": b'"' + "😀".encode() * 255 + b'"',
    "5,000 letters": b'"' + b"x" * 5_000 + b'.jpg"',
    "letters from right to left": '"a\u202egpj.exe"'.encode(),
    "a name of the system": b'"CON"',
    "a script": b'"<script>alert(1)</script>.svg"',
    "a statement": b'"\'; DROP TABLE attachments; --.jpg"',
    "the name of the answers": b'"xml_submission_file"',
    "a formula": b'"=HYPERLINK(1).jpg"',
    "a template": b'"{{7*7}}${7*7}.jpg"',
    "no quotes": b"a b c.jpg",
    "a quote that is not closed": b'"a.jpg',
}
ODD = {
    "ends of lines in the old way": request(body(_good("mac")).replace(b"\r\n", b"\r")),
    "ends of lines in the Unix way": request(body(_good("unix")).replace(b"\r\n", b"\n")),
    "answers as an attachment": request(body(part(instance("attachment"), XML.replace(b"form-data", b"attachment")))),
    "answers last": request(body(file_part(b'"a.jpg"'), _good("last"))),
    "answers with another type": request(body(part(instance("svg"), XML, b"Content-Type: image/svg+xml"))),
    "answers without a file name": request(body(part(instance("nameless"), b'form-data; name="xml_submission_file"'))),
    "a lie about a part's length": request(body(part(instance("lie"), XML, b"Content-Length: 3"))),
    "words before the first part": request(b"hello\r\n" + body(_good("before"))),
    "words after the end": request(body(_good("after")) + b"--one-two-three\r\nand more" * 100),
    "a boundary in a file": request(body(_good("within"), file_part(b'"a.jpg"', b"--" + BOUNDARY + b"x" * 100))),
    "a boundary of 200 letters": _bound("200", b"b" * 200),
    "a boundary in quotes": _typed(b'multipart/form-data; boundary="' + BOUNDARY + b'"', "quotes"),
    "a boundary with signs": _bound("signs", b"(a+)+$.*[x]", b'"(a+)+$.*[x]"'),
    "a file twice": request(body(_good("file twice"), *[file_part(b'"a.jpg"')] * 2)),
    "two files of one name": request(body(_good("two files"), *[file_part(b'"a.jpg"', b"%d" % n) for n in range(9)])),
    "an empty file": request(body(_good("empty file"), file_part(b'"a.jpg"', b""))),
    "a word of being incomplete that is none": request(
        body(_good("maybe"), part(b"perhaps", b'form-data; name="*isIncomplete*"'))
    ),
    "a field that is no file": request(body(_good("field"), part(b"value", b'form-data; name="is_admin"'))),
    "103 files": request(body(_good("103 files"), *[file_part(b'"%d.jpg"' % n) for n in range(103)])),
}
ROWS = [
    *(Row(f"parts: {name}", (raw,), 400) for name, raw in REFUSED.items()),
    *(Row(f"parts: {name}", (raw,), 413) for name, raw in TOO_LARGE.items()),
    *(
        Row(f"name: {name}", (request(body(_good(f"named {name}"), file_part(said))),), 201, stores=1)
        for name, said in NAMES.items()
    ),
    *(Row(f"parts: {name}", (raw,), 201, stores=1) for name, raw in ODD.items()),
]
