"""Answers that are no XML, or XML made to do harm, in a post that is otherwise as it should be."""

import gzip

from tests.proofs.hostile.wire import CANARY, Row, body, instance, request, xml_part

MANY = 1_000_001
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def _post(xml: bytes) -> tuple[bytes, ...]:
    return (request(body(xml_part(xml))),)


def _with_doctype(doctype: bytes, answers: bytes = b"<wants>no</wants>") -> bytes:
    return b"<!DOCTYPE data " + doctype + b">" + instance("doctype", answers)


def _declared(encoding: str, name: str, *, written: str = "") -> bytes:
    text = f"<?xml version='1.0' encoding='{encoding}'?>" + instance(name, "<alias>Peña</alias>".encode()).decode()
    return text.encode(written or encoding)


def _id(form_id: bytes) -> bytes:
    return instance(f"form {form_id!r}", head=b'id="' + form_id + b'" version="1"')


REFUSED = {
    "no XML": b"hello",
    "nothing": b"",
    "blanks": b" \r\n\t ",
    "a byte of nought": b"\0",
    "not closed": instance("not closed")[:-7],
    "two roots": instance("two roots") * 2,
    "crossed elements": instance("crossed", b"<a><b></a></b>"),
    "text after the end": instance("after the end") + b"and more",
    "an attribute twice": instance("twice", b'<a b="1" b="2"/>'),
    "an attribute without quotes": instance("no quotes", b"<a b=1/>"),
    "a prefix of nobody": instance("prefix", b"<evil:a/>"),
    "an open CDATA": instance("cdata", b"<![CDATA[ "),
    "an open comment": instance("comment", b"<!-- "),
    "two dashes in a comment": instance("dashes", b"<!-- a -- b -->"),
    "a doctype": _with_doctype(b""),
    "a doctype in small letters": b"<!doctype data>" + instance("small doctype"),
    "an inner doctype": _with_doctype(b"[ ]"),
    "a file as entity": _with_doctype(b'[<!ENTITY x SYSTEM "file:///etc/passwd">]', b"<a>&x;</a>"),
    "an address as entity": _with_doctype(b'[<!ENTITY x SYSTEM "http://127.0.0.1:' + CANARY + b'/">]', b"<a>&x;</a>"),
    "an address as grammar": _with_doctype(b'SYSTEM "http://127.0.0.1:' + CANARY + b'/x.dtd"'),
    "an address as parameter": _with_doctype(b'[<!ENTITY % p SYSTEM "http://127.0.0.1:' + CANARY + b'/p"> %p;]'),
    "a public grammar": _with_doctype(b'PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:' + CANARY + b'/"'),
    "a device as entity": _with_doctype(b'[<!ENTITY x SYSTEM "file:///dev/zero">]', b"<a>&x;</a>"),
    "a thousand million laughs": _with_doctype(b'[<!ENTITY l0 "ha">' + LAUGHS + b"]", b"<a>&l9;</a>"),
    "laughs in an attribute": _with_doctype(b'[<!ENTITY l0 "ha">' + LAUGHS + b"]", b'<a b="&l9;"/>'),
    "one long entity often": _with_doctype(
        b'[<!ENTITY x "' + b"x" * 50_000 + b'">]', b"<a>" + b"&x;" * 50_000 + b"</a>"
    ),
    "an entity in itself": _with_doctype(b'[<!ENTITY x "&y;"><!ENTITY y "&x;">]', b"<a>&x;</a>"),
    "a default from the grammar": _with_doctype(b'[<!ATTLIST data id CDATA "proof">]'),
    "an unknown entity": instance("unknown", b"<a>&nbsp;</a>"),
    "a nought": instance("nought", b"<a>\0</a>"),
    "a nought by number": instance("by number", b"<a>&#0;</a>"),
    "a control by number": instance("control", b"<a>&#x1;</a>"),
    "half a character by number": instance("half", b"<a>&#xD800;</a>"),
    "a character beyond all": instance("beyond", b"<a>&#x110000;</a>"),
    "300 inside each other": instance("300", b"<a>" * 300 + b"</a>" * 300),
    "100,000 inside each other": instance("100,000", b"<a>" * 100_000 + b"</a>" * 100_000),
    "100,000 left open": instance("left open", b"<a>" * 100_000),
    "a million elements": instance("elements", b"<a/>" * MANY),
    "four million elements": instance("four million", b"<a/>" * (MANY * 4 - 100_000)),
    "a million attributes": instance("attributes", b"<a " + b" ".join(b'a%x=""' % n for n in range(MANY)) + b"/>"),
    "two million comments": instance("comments", b"<!---->" * (MANY * 2)),
    "a text of 11 MB": instance("text", b"<a>" + b"x" * 11_000_000 + b"</a>"),
    "an attribute of 11 MB": instance("long attribute", b'<a b="' + b"x" * 11_000_000 + b'"/>'),
    "a name of 11 MB": instance("name", b"<" + b"x" * 11_000_000 + b"/>"),
    "Latin 1 that says UTF-8": _declared("utf-8", "latin", written="latin-1"),
    "UTF-16 that says UTF-8": _declared("utf-8", "utf-16", written="utf-16"),
    "UTF-16 without its mark": _declared("utf-16", "no mark", written="utf-16-le"),
    "UTF-8 that says UTF-16": _declared("utf-16", "utf-8", written="utf-8"),
    "UTF-7": b"<?xml version='1.0' encoding='UTF-7'?>" + instance("utf-7").decode().encode("utf-7"),
    "UTF-32": _declared("utf-32", "utf-32"),
    "EBCDIC": _declared("ibm037", "ebcdic", written="cp037"),
    "an encoding of nobody": b"<?xml version='1.0' encoding='x-evil'?>" + instance("x-evil"),
    "an encoding that is a path": b"<?xml version='1.0' encoding='../../etc/passwd'?>" + instance("path"),
    "a character said too long": instance("overlong", b"<a>\xc0\xaf</a>"),
    "half a character": instance("surrogate", b"<a>\xed\xa0\x80</a>"),
    "half of UTF-8": instance("cut", b"<a>\xf0\x9f</a>"),
    "a declaration too late": b" <?xml version='1.0'?>" + instance("late"),
    "packed": gzip.compress(instance("packed")),
    "packed a thousandfold": gzip.compress(b"<a/>" * MANY),
    "a page": b"<html><body>hello</body></html>",
    "no form": instance("no form", head=b""),
    "an empty form id": _id(b""),
    "a blank form id": _id(b"  "),
    "a long form id": _id(b"x" * 300),
    "a long version": instance("long version", head=b'id="proof" version="' + b"1" * 300 + b'"'),
    "a long instance id": instance("long id").replace(b"uuid:", b"x" * 300),
    "a long deprecated id": instance("deprecated").replace(
        b"</meta>", b"<deprecatedID>" + b"x" * 300 + b"</deprecatedID></meta>"
    ),
}
UNKNOWN = {
    "another form": _id(b"other"),
    "a form that is a path": _id(b"../../../etc/passwd"),
    "a form that is a statement": _id(b"proof' OR '1'='1"),
    "a form in capitals": _id(b"PROOF"),
    "a form with a mark": _id(b"proof\xcc\x81"),
    "a form with a line": _id(b"proof&#10;x"),
    "a form that is an address": _id(b"http://127.0.0.1/proof"),
}
HARMLESS = {
    "an inclusion": instance(
        "inclusion", b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    ),
    "a style sheet": b'<?xml-stylesheet href="http://127.0.0.1:' + CANARY + b'/"?>' + instance("style sheet"),
    "a schema elsewhere": instance(
        "schema", b'<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="x http://127.0.0.1:1/"/>'
    ),
    "a mark of order": b"\xef\xbb\xbf" + instance("mark"),
    "UTF-16 that says so": _declared("utf-16", "utf-16 said"),
    "Latin 1 that says so": _declared("iso-8859-1", "latin said"),
    "200 inside each other": instance("200", b"<a>" * 200 + b"</a>" * 200),
    "100,000 attributes": instance(
        "many attributes", b"<a " + b" ".join(b'a%x=""' % n for n in range(100_000)) + b"/>"
    ),
    "a statement as id": instance("statement").replace(b"uuid:", b"'); DROP TABLE submissions; --"),
    "a script as id": instance("script").replace(b"uuid:", b"&lt;script&gt;alert(1)&lt;/script&gt;"),
    "letters from right to left": instance("rtl", "<alias>\u202eevil\u2066\U0001f600</alias>".encode()),
    "no instance id": b'<data id="proof" version="1"><wants>no</wants></data>',
    "an id of blanks": b'<data id="proof" version="1"><a/><meta><instanceID>  </instanceID></meta></data>',
    "two ids": instance("two ids").replace(b"</meta>", b"<instanceID>uuid:second</instanceID></meta>"),
    "encrypted by its own word": instance("encrypted", head=b'id="proof" version="1" encrypted="yes"'),
    "an edit of itself": b'<data id="proof" version="1"><meta><instanceID>uuid:self</instanceID>'
    b"<deprecatedID>uuid:self</deprecatedID></meta></data>",
    "a formula": instance("formula", b"<alias>=cmd|' /C calc'!A0</alias>"),
}
ROWS = [
    *(Row(f"xml: {name}", _post(xml), 400) for name, xml in REFUSED.items()),
    *(Row(f"xml: {name}", _post(xml), 404) for name, xml in UNKNOWN.items()),
    *(Row(f"xml: {name}", _post(xml), 201, stores=1) for name, xml in HARMLESS.items()),
    Row("xml: 17 MB", _post(instance("17 MB", b"<a>" + b"<b>x</b>" * 2_200_000 + b"</a>")), 413),
    Row("xml: a version of nobody", _post(instance("version", head=b'id="proof" version="../9"')), 202, stores=1),
]
