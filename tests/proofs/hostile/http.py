"""Requests that are no HTTP, that could be taken for two, or that come from nobody we know."""

import base64

from tests.proofs.hostile.wire import (
    CLOSED,
    PATH,
    Row,
    body,
    chunk,
    chunked,
    get,
    instance,
    request,
    xml_part,
)

MB = 1024 * 1024
SUBMISSION = PATH + b"/submission"


def _good(name: str) -> bytes:
    return body(xml_part(instance(f"http {name}")))


def _line(line: bytes) -> bytes:
    return request(_good("line"), line=line)


def _with(*headers: bytes, name: str = "headers") -> bytes:
    return request(_good(name), *headers)


def _length(*values: bytes) -> bytes:
    lines = b"".join(b"\r\nContent-Length: " + value for value in values)
    return request(_good("length"), length=None).replace(b"\r\n\r\n", lines + b"\r\n\r\n", 1)


def _coded(*values: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"Transfer-Encoding: " + value for value in values]
    line = b"POST " + SUBMISSION + b" HTTP/" + version
    return request(chunk(_good("coded")) + b"0\r\n\r\n", *lines, line=line, length=None)


SMUGGLED = request(_good("smuggled"))
# What is no request at all does not say that it is for tablets.
NOISE = {
    "a greeting of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2 + b"\r\n\r\n",
    "a greeting of SSH": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a greeting of SMTP": b"EHLO evil.example\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bytes": bytes(range(1, 256)) * 4 + b"\r\n\r\n",
    "only a method": b"POST\r\n\r\n",
    "a star": b"POST * HTTP/1.1\r\nHost: x\r\n\r\n",
}
REFUSED = {
    "HTTP/0.9": b"GET " + PATH + b"/formList\r\n\r\n",
    "HTTP/2.0": _line(b"POST " + SUBMISSION + b" HTTP/2.0"),
    "HTTP/9.9": _line(b"POST " + SUBMISSION + b" HTTP/9.9"),
    "HTTP without a number": _line(b"POST " + SUBMISSION + b" HTTP/"),
    "another protocol": _line(b"POST " + SUBMISSION + b" RTSP/1.0"),
    "a method in small letters": _line(b"post " + SUBMISSION + b" HTTP/1.1"),
    "a method with a mark": _line(b"PO\x00ST " + SUBMISSION + b" HTTP/1.1"),
    "two blanks in the line": _line(b"POST  " + SUBMISSION + b" HTTP/1.1"),
    "a blank in the address": _line(b"POST " + PATH + b"/ submission HTTP/1.1"),
    "a header without a colon": _with(b"Nothing"),
    "a header without a name": _with(b": nothing"),
    "a blank before the colon": _with(b"Content-Length : 5"),
    "a nought in a name": _with(b"X-\0: 1"),
    "a nought in a value": _with(b"X-A: \0"),
    "a return in a value": _with(b"X-A: 1\rX-B: 2"),
    "a new line in a value": _with(b"X-A: 1\nX-B: 2"),
    "a fold before any header": _line(b"POST " + SUBMISSION + b" HTTP/1.1\r\n folded: 1"),
    "a length below nought": _length(b"-1"),
    "a length in words": _length(b"many"),
    "a length with a sign": _length(b"+5"),
    "a length in hexadecimal": _length(b"0x10"),
    "a length with a dot": _length(b"5.0"),
    "a length with a power": _length(b"1e3"),
    "a length in Arabic digits": _length("٥".encode()),
    "an empty length": _length(b""),
    "two lengths": _length(b"5", b"500"),
    "the same length twice": _length(b"5", b"5"),
    "a list of lengths": _length(b"5, 5"),
    "a length and chunks": request(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked", length=b"5"),
    "chunks and a length": request(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked", length=b"4"),
    "chunks in HTTP/1.0": _coded(b"chunked", version=b"1.0"),
    "packed chunks": _coded(b"gzip, chunked"),
    "another coding": _coded(b"gzip"),
    "a coding of nobody": _coded(b"xchunked"),
    "chunks, then as they are": _coded(b"chunked, identity"),
    "a tab of another kind": _coded(b"\x0bchunked"),
    "a coding in two headers": _coded(b"chunked", b"identity"),
    "a chunk of no number": chunked(b"zz\r\n" + _good("zz") + b"\r\n"),
    "a chunk below nought": chunked(b"-5\r\n" + _good("minus") + b"\r\n"),
    "a chunk with a prefix": chunked(b"0x5\r\nhello\r\n"),
    "a chunk with a blank": chunked(b" 5\r\nhello\r\n"),
    "a chunk with a low line": chunked(b"1_0\r\n" + b"x" * 16 + b"\r\n"),
    "a chunk longer than it says": chunked(b"5\r\nhello, world\r\n"),
    "a chunk's extension of 1 MB": chunked(chunk(_good("extension"), b";x=" + b"y" * MB)),
    "a chunk's size of 1 MB": chunked(b"0" * MB + b"5\r\nhello\r\n"),
    "a chunk's bad extension": chunked(chunk(_good("bad"), b";\x00")),
    "a megabyte after the last chunk": chunked(chunk(_good("trailer")), last=b"0\r\nX-A: " + b"x" * MB + b"\r\n\r\n"),
    "chunks that end in the middle": chunked(chunk(_good("middle")[:100])),
    "chunks of nothing": chunked(),
    "a host of 10 kB": request(_good("long host"), host=b"Host: " + b"x" * 10_000),
    "a promise and a bad length": request(_good("promise"), b"Expect: 100-continue", length=b"-1"),
}
TOO_LARGE = {
    "a length of 10^12": _length(b"1000000000000"),
    "a length of 10^30": _length(b"1" + b"0" * 30),
    "a length of 2^63": _length(b"9223372036854775808"),
    "a length of 2 GB": _length(b"2147483648"),
    "a length of 10^12 and a promise": request(b"", b"Expect: 100-continue", length=b"1000000000000"),
    "25 MB": request(b"x" * 25 * MB),
    "25 MB in chunks": chunked(*[chunk(b"x" * MB)] * 25),
    "a length just above": request(b"x" * (20 * MB + 1)),
}
TOO_LONG = {
    "a header of 70 kB": _with(b"X-Long: " + b"x" * 70_000),
    "10,000 headers": _with(*[b"X-Many: x"] * 10_000),
    "an address of 70 kB": _line(b"POST " + SUBMISSION + b"?x=" + b"x" * 70_000 + b" HTTP/1.1"),
    "a method of 70 kB": b"POST " + SUBMISSION + b" HTTP/1.1\r\nHost: x\r\nX-" + b"x" * 70_000,
}
STRANGERS = {
    "a wrong secret": b"/v1/key/" + b"x" * 43 + b"/projects/1/submission",
    "a short secret": b"/v1/key/x/projects/1/submission",
    "a secret of 10,000 letters": b"/v1/key/" + b"x" * 10_000 + b"/projects/1/submission",
    "a secret with a nought": b"/v1/key/%00/projects/1/submission",
    "a secret that is a statement": b"/v1/key/'%20OR%20'1'='1/projects/1/submission",
    "another project": PATH + b"1/submission",
    "no secret": b"/v1/projects/1/submission",
}
LOGINS = {
    "a password over http": b"Basic " + base64.b64encode(b"tablet-01:secret"),
    "a login that is no base 64": b"Basic @@@@",
    "a login without a colon": b"Basic " + base64.b64encode(b"tablet"),
    "a login of bytes": b"Basic " + base64.b64encode(bytes(range(256))),
    "a digest": b'Digest username="x", realm="x", nonce="x", uri="/", response="x"',
    "a bearer": b"Bearer " + b"x" * 43,
    "an empty login": b"Basic",
    "a login of 60 kB": b"Basic " + b"A" * 60_000,
}
NOWHERE = {
    "a way up": PATH + b"/../submission",
    "a way up, encoded": PATH + b"/%2e%2e/submission",
    "a way up, encoded twice": PATH + b"/%252e%252e/submission",
    "a nought": PATH + b"/submission%00",
    "a slash more": PATH + b"//submission",
    "a word more": PATH + b"/submission/x",
    "bytes that are no letters": PATH + b"/%ff%fe",
    "a project that is a word": b"/v1/key/x/projects/one/submission",
    "a project below nought": b"/v1/key/x/projects/-1/submission",
    "a backslash": PATH + b"\\submission",
    "parameters of a path": PATH + b"/submission;x=1",
}
HARMLESS = {
    "chunks": chunked(chunk(_good("chunks"))),
    "chunks of one byte": chunked(*[chunk(bytes([byte])) for byte in _good("one byte")]),
    "chunks with extensions": chunked(chunk(_good("extensions"), b";a=b;c")),
    "chunks and a header after": chunked(chunk(_good("after")), last=b"0\r\nX-After: 1\r\n\r\n"),
    "a promise": _with(b"Expect: 100-continue", name="promise kept"),
    "another promise": _with(b"Expect: 200-ok", name="another promise"),
    "no host": request(_good("no host"), host=None),
    "another host": request(_good("host"), host=b"Host: evil.example"),
    "a host of signs": request(_good("signs"), host=b"Host: a<b>\"'@:99999"),
    "two hosts": request(_good("two hosts"), b"Host: evil.example"),
    "words of a proxy": _with(
        b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Host: evil.example", b"Forwarded: host=evil.example", name="proxy"
    ),
    "a date of another age": _with(b"Date: Thu, 01 Jan 1970 03:00:00 GMT", name="date"),
    "a date that is none": _with(b"Date: yesterday", name="no date"),
    "another OpenRosa": request(_good("openrosa"), b"X-OpenRosa-Version: 99"),
    "an agent of 8 kB": _with(b"User-Agent: " + b"\xe9" * 8_000, name="agent"),
    "no agent": _with(name="no agent"),
    "a cookie": _with(b"Cookie: fieldcase=x; " + b"y=z;" * 1_000, name="cookie"),
    "an upgrade to HTTP/2": _with(b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", name="h2c"),
    "a method by the side": _with(b"X-HTTP-Method-Override: DELETE", name="override"),
    "ranges": _with(b"Range: bytes=" + b",".join(b"%d-" % n for n in range(1_000)), name="ranges"),
    "languages": _with(b"Accept-Language: " + b"x;q=z," * 1_000, name="languages"),
    "a low line in a name": _with(b"Content_Length: 5", b"Transfer_Encoding: chunked", name="low line"),
    "another address before": request(
        _good("whole address"), line=b"POST http://evil.example" + SUBMISSION + b"?deviceID=x HTTP/1.1"
    ),
}
QUERIES = {
    "nothing": b"?",
    "a nought": b"?deviceID=a%00b",
    "bytes that are no letters": b"?deviceID=%ff%fe",
    "half an escape": b"?deviceID=%",
    "an escape of nobody": b"?deviceID=%zz",
    "many": b"?" + b"&".join([b"deviceID=x"] * 1_000),
    "10 kB": b"?deviceID=" + b"x" * 10_000,
    "a statement": b"?deviceID='%20OR%201=1--",
    "half a character": b"?deviceID=%ed%a0%80",
    "signs": b"?deviceID=%0d%0aX-Evil:%201",
}
FETCHES = {
    "a list for another host": (PATH + b"/formList", b"Host: evil.example"),
    "a list through another proxy": (PATH + b"/formList", b"X-Forwarded-Host: evil.example"),
    "a list of a form that is a nought": (PATH + b"/formList?formID=%00", b""),
    "a list of a form that is a statement": (PATH + b"/formList?formID='%20OR%201=1--", b""),
    "a list of a form of 5 kB": (PATH + b"/formList?formID=" + b"x" * 5_000, b""),
    "a list with words that are no letters": (PATH + b"/formList?verbose=%ff&listAllVersions=maybe", b""),
    "a list if it is not what it is": (PATH + b"/formList", b'If-None-Match: "; W/x, ' + b"*a"),
    "a list in an encoding of nobody": (PATH + b"/formList", b"Accept-Encoding: x;q=z, */*;q=NaN"),
    "a form as it is": (PATH + b"/forms/proof.xml", b"Range: bytes=-0"),
}
ABSENT = {
    "a form that is a path": PATH + b"/forms/..%2f..%2f..%2fetc%2fpasswd.xml",
    "a form that is a nought": PATH + b"/forms/%00.xml",
    "a version below nought": PATH + b"/forms/proof/versions/-1.xml",
    "a version beyond all numbers": PATH + b"/forms/proof/versions/" + b"9" * 400 + b".xml",
    "a version that is a word": PATH + b"/forms/proof/versions/one.xml",
    "a file that is a path": PATH + b"/forms/proof/attachments/..%2f..%2fkeys%2fmaster.key",
    "a file that is a nought": PATH + b"/forms/proof/attachments/%00",
    "a manifest of nobody": PATH + b"/forms/other/manifest",
    "a submission": PATH + b"/forms/proof/submissions/uuid:00000000-0000-4000-8000-000000000001.xml",
}
METHODS = (b"GET", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"PROPFIND", b"CONNECT", b"EVIL-METHOD")
ROWS = [
    *(Row(f"noise: {name}", (raw,), 400, spoken=False, ends="half") for name, raw in NOISE.items() if name != "a star"),
    Row("noise: a star", (NOISE["a star"],), 404, spoken=False),
    *(Row(f"http: {name}", (raw,), 400) for name, raw in REFUSED.items()),
    *(Row(f"http: {name}", (raw,), 413) for name, raw in TOO_LARGE.items()),
    *(Row(f"http: {name}", (raw,), 431) for name, raw in TOO_LONG.items()),
    *(Row(f"stranger: {name}", (_line(b"POST " + path + b" HTTP/1.1"),), 401) for name, path in STRANGERS.items()),
    *(
        Row(
            f"stranger: {name}",
            (_with(b"Authorization: " + login).replace(PATH, b"/v1/projects/1", 1),),
            401,
        )
        for name, login in LOGINS.items()
    ),
    *(Row(f"nowhere: {name}", (_line(b"POST " + path + b" HTTP/1.1"),), 404) for name, path in NOWHERE.items()),
    *(Row(f"method: {method.decode()}", (get(SUBMISSION, method=method),), 405) for method in METHODS),
    *(Row(f"get: {name}", (get(path, header),), 200) for name, (path, header) in FETCHES.items()),
    *(Row(f"get: {name}", (get(path),), 404, spoken=b"/key/" in path) for name, path in ABSENT.items()),
    Row("method: an upgrade", (_with(b"Upgrade: websocket", b"Connection: Upgrade"),), 405),
    *(Row(f"http: {name}", (raw,), 201, stores=1) for name, raw in HARMLESS.items()),
    *(
        Row(
            f"query: {name}",
            (request(_good(f"query {name}"), line=b"POST " + SUBMISSION + query + b" HTTP/1.1"),),
            201,
            stores=1,
        )
        for name, query in QUERIES.items()
    ),
    Row(
        "http: two posts at once",
        (request(_good("one of two")) + request(_good("two of two")),),
        201,
        stores=2,
        answers=2,
    ),
    Row("http: byte by byte", (request(_good("byte by byte")),), 201, stores=1, dribbled=True),
    Row("http: nothing", (b"",), CLOSED, ends="half", spoken=False),
    Row("http: a head that does not end", (b"POST " + SUBMISSION + b" HTTP/1.1\r\nHost: x\r\n",), CLOSED, ends="half"),
    Row("http: a body that is cut", (request(_good("cut"))[:-40],), CLOSED, ends="half"),
    Row("http: a body that breaks off", (request(_good("breaks off"))[:-40],), CLOSED, ends="reset"),
    Row("http: a chunk of 2^64", (chunked(b"FFFFFFFFFFFFFFFF\r\n" + b"x" * 1000, last=b""),), CLOSED, ends="half"),
    Row("http: chunks without an end", (chunked(chunk(_good("no end")), last=b""),), CLOSED, ends="half"),
    Row(
        "http: a promise that is not kept", (request(b"", b"Expect: 100-continue", length=b"500"),), CLOSED, ends="half"
    ),
]
