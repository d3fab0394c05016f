"""Workbooks made to do harm, built by code; each with what checking it must come to."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tests.xlsforms.books import OLD_EXCEL, xlsx

REFUSED, UNREADABLE, ACCEPTED = "refused", "unreadable", "accepted"
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCTYPE = '<!DOCTYPE x [<!ENTITY x SYSTEM "{0}">]>'
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
)
PORT = [9]  # of a place that nobody may call; the test puts its own there
HEAD = ["type", "name", "label", "calculation", "relevant", "constraint", "appearance", "repeat_count", "media::image"]


@dataclass(frozen=True)
class Book:
    """A workbook and what becomes of it: `codes` are those of the findings that refuse it, or words that say why."""

    name: str
    build: Callable[[], bytes]
    outcome: str
    says: str = ""
    file: str = "form.xlsx"
    java: bool = False  # only ODK Validate sees it


def elsewhere() -> str:
    """An address that must never be asked for anything."""
    return f"http://127.0.0.1:{PORT[0]}/"


def form(*rows: dict[str, str], settings: dict[str, str] | None = None, **sheets: list[list[str]]) -> bytes:
    """A form of these questions, each a row by column name."""
    columns = HEAD + sorted({column for row in rows for column in row} - set(HEAD))
    told = {"form_id": "hostile", "version": "1", **(settings or {})}
    return xlsx(
        {
            "survey": [columns, *([row.get(column, "") for column in columns] for row in rows)],
            **sheets,
            "settings": [list(told), list(told.values())],
        }
    )


def q(kind: str = "text", name: str = "a", label: str = "A", **more: str) -> dict[str, str]:
    return {"type": kind, "name": name, "label": label, **more}


def with_member(name: str, content: bytes | Iterator[bytes], old: bytes | None = None) -> bytes:
    """The workbook with one of its parts replaced, or one more."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(old or form(q()))) as before,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for member in before.infolist():
            if member.filename != name:
                archive.writestr(member, before.read(member))
        with archive.open(name, "w") as part:
            for piece in [content] if isinstance(content, bytes) else content:
                part.write(piece)
    return made.getvalue()


def sheet(rows: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{SPACE}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def with_sheet(rows: str, before: str = "") -> bytes:
    return with_member("xl/worksheets/sheet1.xml", sheet(rows, before))


def row(number: int | str, *cells: str, column: str = "") -> str:
    said = "".join(
        f'<c r="{column or chr(65 + at)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        for at, cell in enumerate(cells)
    )
    return f'<row r="{number}">{said}</row>'


TOP = row(1, "type", "name", "label")


def with_strings(text: str, before: str = "") -> bytes:
    """The workbook with these shared strings, which its first sheet uses."""
    strings = f'<?xml version="1.0"?>{before}<sst xmlns="{SPACE}" count="1" uniqueCount="1">{text}</sst>'
    cells = TOP + '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>0</v></c></row>'
    return with_member("xl/sharedStrings.xml", strings.encode(), with_sheet(cells))


@cache
def bomb() -> bytes:
    """Some hundred kilobytes that unpack to 230 MB."""

    def pieces() -> Iterator[bytes]:
        yield sheet(TOP)[: -len("</sheetData></worksheet>")]
        for _ in range(230):
            yield b"<!--" + b" " * 1024 * 1024 + b"-->"
        yield b"</sheetData></worksheet>"

    return with_member("xl/worksheets/sheet1.xml", pieces())


def lying_bomb() -> bytes:
    """The same, whose table of contents says that it is small."""
    content = bytearray(bomb())
    at = content.rfind(b"xl/worksheets/sheet1.xml") - 46
    content[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(content)


def many_rows(count: int) -> bytes:
    def pieces() -> Iterator[bytes]:
        yield sheet(TOP)[: -len("</sheetData></worksheet>")]
        for _ in range(count // 10_000):
            yield b"<row><c><v>1</v></c></row>" * 10_000
        yield b"</sheetData></worksheet>"

    return with_member("xl/worksheets/sheet1.xml", pieces())


def part_named(name: str, *, link: bool = False) -> bytes:
    made = io.BytesIO(form(q()))
    with zipfile.ZipFile(made, "a") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16 if link else 0
        archive.writestr(info, "/etc/passwd")
    return made.getvalue()


def many_parts() -> bytes:
    made = io.BytesIO(form(q()))
    with zipfile.ZipFile(made, "a") as archive:
        for number in range(10_000):
            archive.writestr(f"xl/media/{number}.png", b"")
    return made.getvalue()


def with_password() -> bytes:
    """The beginning of what Office writes for a workbook with a password."""
    return OLD_EXCEL[:1024] + "EncryptedPackage".encode("utf-16-le") + bytes(2048)


def password_of_a_zip() -> bytes:
    content = bytearray(form(q()))
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def related(target: str) -> bytes:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return with_member(
        "xl/worksheets/_rels/sheet1.xml.rels",
        f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{relation}/hyperlink" Target="{target}" TargetMode="External"/>'
        f'<Relationship Id="r2" Type="{relation}/externalLink" Target="{target}" TargetMode="External"/>'
        "</Relationships>".encode(),
    )


def nested(depth: int) -> list[dict[str, str]]:
    groups = [q("begin_group", f"g{n}", "G") for n in range(depth)]
    return [*groups, q(), *[q("end_group", "", "")] * depth]


def choices(count: int, label: str = "A") -> list[list[str]]:
    return [["list_name", "name", "label"], *(["l", f"c{n}", label] for n in range(count))]


PLAIN = q()
BOOKS = [
    # The file itself.
    Book("nothing", lambda: b"", UNREADABLE, "empty"),
    Book("bytes", lambda: bytes(range(256)) * 40, UNREADABLE, "not a workbook"),
    Book("a text with the wrong ending", lambda: b"type,name,label", UNREADABLE, "not a workbook"),
    Book("a PDF with the wrong ending", lambda: b"%PDF-1.7\n" + bytes(1000), UNREADABLE, "not a workbook"),
    Book("a program", lambda: b"MZ" + bytes(1000), UNREADABLE, "not a workbook"),
    Book("half a workbook", lambda: form(PLAIN)[:2500], UNREADABLE, "damaged"),
    Book("a workbook with a hole", lambda: form(PLAIN).replace(b"sheet1.xml", b"sheet9.xml", 1), UNREADABLE, ""),
    Book("an old workbook that is cut", lambda: OLD_EXCEL[:3000], UNREADABLE, "damaged"),
    Book("an old workbook of noise", lambda: OLD_EXCEL[:512] + bytes(range(256)) * 40, UNREADABLE, "damaged"),
    Book("a new workbook called old", lambda: form(PLAIN), ACCEPTED, file="form.xls"),
    Book(
        "a zip that is no workbook", lambda: with_member("a.txt", b"", _zip({"a.txt": b""})), UNREADABLE, "not an Excel"
    ),
    Book("a workbook within a workbook", lambda: with_member("xl/embeddings/x.xlsx", bomb()), ACCEPTED),
    Book("six MB", lambda: b"PK\x03\x04" + bytes(6 * 1024 * 1024), UNREADABLE, "5 MB"),
    Book("a zip bomb", bomb, UNREADABLE, "Unpacked"),
    Book("a zip bomb that lies", lying_bomb, UNREADABLE, ""),
    Book("10,000 parts", many_parts, UNREADABLE, "10010 parts"),
    Book("a part on its way up", lambda: part_named("../../etc/cron.d/x"), UNREADABLE, "unsafe name"),
    Book("a part from the root", lambda: part_named("/etc/cron.d/x"), UNREADABLE, "unsafe name"),
    Book("a part on a drive", lambda: part_named("C:\\x"), UNREADABLE, "unsafe name"),
    Book("a part that is a link", lambda: part_named("xl/link", link=True), UNREADABLE, "unsafe name"),
    Book("macros", lambda: part_named("xl/vbaProject.bin"), UNREADABLE, "macros", file="form.xlsm"),
    Book("macros that hide", lambda: part_named("xl/VBAPROJECT.BIN"), UNREADABLE, "macros"),
    Book("a password", with_password, UNREADABLE, "password"),
    Book("a password of the zip", password_of_a_zip, UNREADABLE, "password"),
    # The XML within.
    Book(
        "a file as entity in a sheet",
        lambda: with_sheet(TOP + row(2, "&x;", "a"), DOCTYPE.format("file:///etc/passwd")),
        UNREADABLE,
        "document type",
    ),
    Book(
        "an address as entity in a sheet",
        lambda: with_sheet(TOP + row(2, "&x;", "a"), DOCTYPE.format(elsewhere())),
        UNREADABLE,
        "document type",
    ),
    Book(
        "a file as entity in the strings",
        lambda: with_strings("<si><t>&x;</t></si>", DOCTYPE.format("file:///etc/passwd")),
        UNREADABLE,
        "document type",
    ),
    Book("laughs in the strings", lambda: with_strings("<si><t>&l9;</t></si>", LAUGHS), UNREADABLE, "document type"),
    Book("laughs in a sheet", lambda: with_sheet(TOP + row(2, "&l9;", "a"), LAUGHS), UNREADABLE, "document type"),
    Book("links to elsewhere", lambda: related(elsewhere()), ACCEPTED),
    Book("links to files", lambda: related("file:///etc/passwd"), ACCEPTED),
    Book("a sheet that is no XML", lambda: with_member("xl/worksheets/sheet1.xml", b"<worksheet"), UNREADABLE, ""),
    Book("a sheet of noise", lambda: with_member("xl/worksheets/sheet1.xml", bytes(range(256))), UNREADABLE, ""),
    Book(
        "a string that is not there",
        lambda: with_sheet(TOP + '<row r="2"><c r="A2" t="s"><v>99999</v></c></row>'),
        UNREADABLE,
        "",
    ),
    Book("a million rows", lambda: many_rows(1_000_000), UNREADABLE, "rows"),
    Book("a row beyond all rows", lambda: with_sheet(TOP + row(2**31, "text", "a", "A")), UNREADABLE, ""),
    Book("a cell at the far end", lambda: with_sheet(TOP + row(1_048_576, "x", column="XFD")), UNREADABLE, ""),
    Book("a column beyond all columns", lambda: with_sheet(TOP + row(2, "x", column="ZZZZZZ")), UNREADABLE, ""),
    Book("1,000 columns", lambda: form(q(**{f"note_{n}": "x" for n in range(1_000)})), UNREADABLE, "500 columns"),
    Book("sheets inside each other", lambda: with_sheet("<row>" * 100_000), REFUSED, "survey-missing"),
    Book("a cell of a million letters", lambda: with_sheet(TOP + row(2, "text", "a", "x" * 1_000_000)), ACCEPTED),
    Book(
        "250 sheets",
        lambda: xlsx({"survey": [HEAD, ["text", "a", "A"]], **{f"s{n}": [["x"]] for n in range(250)}}),
        UNREADABLE,
        "parts",
    ),
    # The form.
    Book(
        "a list on its way up",
        lambda: form(q("select_one_from_file ../../../etc/passwd.csv")),
        REFUSED,
        "unsafe-file-name",
    ),
    Book(
        "a list from elsewhere",
        lambda: form(q("select_one_from_file http://127.0.0.1/x.csv")),
        REFUSED,
        "unsafe-file-name",
    ),
    Book("a picture on its way up", lambda: form(q(**{"media::image": "../../x.png"})), REFUSED, "unsafe-file-name"),
    Book(
        "a picture from elsewhere",
        lambda: form(q(**{"media::image": elsewhere() + "x.png"})),
        REFUSED,
        "unsafe-file-name",
    ),
    Book(
        "a picture that is encoded", lambda: form(q(**{"media::image": "%2e%2e%2fx.png"})), REFUSED, "unsafe-file-name"
    ),
    Book(
        "data on their way up",
        lambda: form(q("calculate", calculation="pulldata('../../x', 'a', 'b', 'c')")),
        REFUSED,
        "unsafe-file-name",
    ),
    Book(
        "an instance from elsewhere",
        lambda: form(q("calculate", calculation="instance('x')/root/item")),
        REFUSED,
        "",
        java=True,
    ),
    Book("500 groups in each other", lambda: form(*nested(500)), REFUSED, "groups-too-deep"),
    Book("groups that do not end", lambda: form(*nested(20)[:21]), REFUSED, "group-not-ended"),
    Book(
        "ends without groups",
        lambda: form(PLAIN, q("end_group", "group-not-begun", "group-not-begun")),
        REFUSED,
        "group-not-begun",
    ),
    Book(
        "a thousand million repeats",
        lambda: form(q("begin_repeat", "r", "R", repeat_count="1000000000"), PLAIN, q("end_repeat", "", "")),
        REFUSED,
        "repeat-count",
    ),
    Book(
        "a thousand million repeats in short",
        lambda: form(q("begin_repeat", "r", "R", repeat_count="1e9"), PLAIN, q("end_repeat", "", "")),
        REFUSED,
        "repeat-count",
    ),
    Book("a calculation of itself", lambda: form(q("calculate", calculation="${a} + 1")), REFUSED, "cycle", java=True),
    Book(
        "calculations in a circle",
        lambda: form(q("calculate", calculation="${b} + 1"), q("calculate", "b", calculation="${a} + 1")),
        REFUSED,
        "cycle",
        java=True,
    ),
    Book("a question that is not there", lambda: form(q(relevant="${nobody} = 1")), REFUSED, "unknown-reference"),
    Book("an expression that does not end", lambda: form(q(relevant="foo((")), REFUSED, "", java=True),
    Book("an expression of 10 kB", lambda: form(q(relevant=" or ".join(["1 = 1"] * 1_250))), ACCEPTED),
    Book("10,000 brackets", lambda: form(q(relevant="(" * 10_000 + "1" + ")" * 10_000)), ACCEPTED),
    Book("a pattern that never ends", lambda: form(q(constraint="regex(., '(a+)+$')")), ACCEPTED),
    Book("50,000 choices", lambda: form(q("select_one l"), choices=choices(50_000)), UNREADABLE, "20,000 rows"),
    Book("20,000 choices", lambda: form(q("select_one l"), choices=choices(19_000)), ACCEPTED),
    Book("6,000 questions", lambda: form(*(q(name=f"q{n}") for n in range(6_000))), UNREADABLE, "5,000 rows"),
    Book(
        "names of another language",
        lambda: form(*(q(name=name) for name in ("__proto__", "constructor", "toString", "hasOwnProperty"))),
        ACCEPTED,
    ),
    Book(
        "names of a database",
        lambda: form(*(q(name=name) for name in ("select", "drop", "table", "where", "null", "rowid"))),
        ACCEPTED,
    ),
    Book("a name that is a statement", lambda: form(q(name="a'; DROP TABLE forms; --")), REFUSED, "ill-formed-name"),
    Book("a name that is a path", lambda: form(q(name="../a")), REFUSED, "ill-formed-name"),
    Book("a name twice", lambda: form(PLAIN, PLAIN), REFUSED, "duplicate-name"),
    Book("a name of 30,000 letters", lambda: form(q(name="x" * 30_000)), REFUSED, "", java=True),
    Book(
        "letters from right to left",
        lambda: form(q(label="\u202eevil\u2066 \u200f"), q(name="b", label="\u0627\u0644\u0627\u0633\u0645")),
        ACCEPTED,
    ),
    Book("a nought", lambda: with_sheet(TOP + row(2, "text", "a", "A_x0000_B")), REFUSED, "unreadable-form"),
    Book("a control", lambda: with_sheet(TOP + row(2, "text", "a", "A\x01")), REFUSED, "unreadable-form"),
    Book(
        "a script",
        lambda: form(q(label="<script>alert(1)</script>"), q(name="b", label="<img src=x onerror=alert(1)>")),
        ACCEPTED,
    ),
    Book(
        "a link that is a script",
        lambda: form(q(label="[x](javascript:alert(1)) <span style='background:url(//x)'>x</span>")),
        ACCEPTED,
    ),
    Book("an output of its own", lambda: form(q(label='<output value="/etc/passwd"/>')), ACCEPTED),
    Book("the end of a CDATA", lambda: form(q(label="]]></label></input><evil/>")), ACCEPTED),
    Book(
        "formulas",
        lambda: form(q(label="=cmd|' /C calc'!A0"), q(name="b", label="@SUM(1)"), q(name="c", label="-2+3")),
        REFUSED,
        "label-missing",
    ),
    Book("formulas as text", lambda: with_sheet(TOP + row(2, "text", "a", "=cmd|' /C calc'!A0")), ACCEPTED),
    Book("a form id that is a path", lambda: form(PLAIN, settings={"form_id": "../../x"}), REFUSED, "form-id"),
    Book("a form id that is a script", lambda: form(PLAIN, settings={"form_id": "<script>"}), REFUSED, "form-id"),
    Book("a form id of 300 letters", lambda: form(PLAIN, settings={"form_id": "x" * 300}), REFUSED, "form-id"),
    Book(
        "a form id that looks like another", lambda: form(PLAIN, settings={"form_id": "\u0430dmin"}), REFUSED, "form-id"
    ),
    Book(
        "another address to send to",
        lambda: form(PLAIN, settings={"submission_url": elsewhere()}),
        REFUSED,
        "server-owned-setting",
    ),
    Book("a key of its own", lambda: form(PLAIN, settings={"public_key": "MIIB"}), REFUSED, "server-owned-setting"),
    Book(
        "deleting what was sent", lambda: form(PLAIN, settings={"auto_delete": "true"}), REFUSED, "server-owned-setting"
    ),
    Book("namespaces that end early", lambda: form(PLAIN, settings={"namespaces": 'x="y"><evil/><a b="'}), REFUSED, ""),
    Book("an attribute of its own", lambda: form(q(**{"bind::jr:preload": "property", "bind::evil": "x"})), ACCEPTED),
    Book("no questions", lambda: form(), REFUSED, ""),
    Book("a survey that is empty", lambda: xlsx({"survey": []}), REFUSED, ""),
    Book(
        "a language that is a script",
        lambda: form({"type": "text", "name": "a", "label::<script>alert(1)</script> (xx)": "A"}),
        ACCEPTED,
    ),
    # Other kinds of file.
    Book(
        "a CSV of 300,000 rows",
        lambda: b"survey,,\n,type,name\n" + b",text,a\n" * 300_000,
        UNREADABLE,
        "rows",
        file="form.csv",
    ),
    Book("a CSV of bytes", lambda: bytes(range(256)) * 40, UNREADABLE, "", file="form.csv"),
    Book("a table of half a million bars", lambda: b"|" * 500_000, UNREADABLE, "", file="form.md"),
    Book(
        "a form with a doctype",
        lambda: b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><h/>',
        REFUSED,
        "unreadable-form",
        file="form.xml",
    ),
    Book("a form with laughs", lambda: LAUGHS.encode() + b"<h>&l9;</h>", REFUSED, "unreadable-form", file="form.xml"),
    Book(
        "a form of a million elements",
        lambda: b"<h>" + b"<a/>" * 1_000_000 + b"</h>",
        REFUSED,
        "form-too-large",
        file="form.xml",
    ),
    Book("a form 100,000 deep", lambda: b"<a>" * 100_000 + b"</a>" * 100_000, REFUSED, "", file="form.xml"),
    Book("a form that is none", lambda: b"<html/>", REFUSED, "", file="form.xml"),
]


def _zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()
