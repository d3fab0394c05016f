"""The types of questions that XLSForm knows, and what stands in a cell of the column `type`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from xlsforms.wording import closest

# Types as designers write them, by what becomes of them on the tablet.
ANSWERED = frozenset(
    {"text", "integer", "decimal", "range", "date", "time", "dateTime", "datetime", "geopoint", "geotrace", "geoshape"}
    | {"image", "audio", "video", "file", "barcode", "acknowledge", "trigger", "photo", "string", "int", "location"}
    | {"osm", "gps", "date time"}
)
SHOWN = ANSWERED | {"note"}
SILENT = frozenset(
    {"calculate", "hidden", "start", "end", "today", "deviceid", "username", "email", "phonenumber", "audit"}
    | {"start-geopoint", "background-geopoint", "background-audio", "csv-external", "xml-external", "simserial"}
    | {"subscriberid", "imei", "percentage"}
)
EXTERNAL = frozenset({"csv-external", "xml-external"})
# Ways of writing them from the first years of XLSForm, which pyxform still takes.
OLD = frozenset(
    {f"add {kind} prompt" for kind in ("date time", "audio", "note", "video", "image", "acknowledge", "text", "date")}
    | {f"add {kind} prompt" for kind in ("decimal", "barcode", "calculate", "dateTime", "location", "integer", "file")}
    | {f"q {kind}" for kind in ("picture", "date time", "string", "note", "audio", "geopoint", "geoshape", "geotrace")}
    | {f"q {kind}" for kind in ("image", "acknowledge", "location", "video", "barcode", "select", "int", "calculate")}
    | {f"q {kind}" for kind in ("date", "decimal", "select1", "dateTime")}
    | {f"get {kind}" for kind in ("start time", "today", "end time", "phone number", "subscriber id", "device id")}
    | {f"uri:{kind}" for kind in ("subscriberid", "phonenumber", "simserial", "deviceid", "username", "email")}
    | {f"number of days in last {span}" for span in ("month", "six months", "year")}
    | {"get sim id", "end time", "device id", "subscriber id", "sim id", "phone number", "start time"}
    | {"add photo prompt"}
)
OF_SETTINGS = frozenset({"form_title", "set_form_title", "form_id", "set_form_id", "prefix", "set form title"})
ONE = ("select_one", "select one", "select1", "select one from", "add select one prompt using")
SEVERAL = ("select_multiple", "select all that apply", "select all that apply from", "add select multiple prompt using")
FROM_FILE = tuple(f"select{sep}{many}{sep}from{sep}file" for sep in "_ " for many in ("one", "multiple"))
COMMANDS = (*FROM_FILE, "select_one_external", *ONE, *SEVERAL, "rank")
SELECT = re.compile(
    rf"({'|'.join(sorted(COMMANDS, key=len, reverse=True))})(?: (\S+?))?( or specify other| or_other| or other)?"
)
KINDS = "group|lgroup|repeat|loop|looped group"
BEGIN = re.compile(rf"begin[ _]({KINDS})(?: (?:over )?(\S+))?")
END = re.compile(rf"end[ _]({KINDS})")
REPEATS = frozenset({"repeat", "lgroup", "looped group"})
FILES = (".csv", ".xml", ".geojson")
BEGINS, ENDS = "block begins", "block ends"
OSM = re.compile(r"osm \S+")

RARE = frozenset({"string", "int", "photo", "location", "gps", "osm", "datetime", "trigger", "date time"})
BLOCKS = ("begin_group", "end_group", "begin_repeat", "end_repeat")
SUGGESTED = (
    *sorted(ANSWERED - RARE),
    *("note", "select_one", "select_multiple", "rank", "select_one_from_file", "select_multiple_from_file"),
    *BLOCKS,
    *sorted(SILENT - {"simserial", "subscriberid", "imei", "percentage"}),
)


@dataclass(frozen=True)
class QuestionType:
    """A type as read: `kind` is the type itself, or one of select_one, select_multiple, rank, BEGINS, ENDS, setting,
    old and unknown.
    """

    text: str
    kind: str
    block: str = ""  # group, repeat or loop, of begin and end
    list_name: str = ""  # of a select; the file of one from a file
    or_other: bool = False
    external: bool = False  # its choices stand in external_choices

    @property
    def selects(self) -> bool:
        """Whether a person chooses from a list."""
        return self.kind in ("select_one", "select_multiple", "rank")

    @property
    def from_file(self) -> bool:
        """Whether the choices stand in a file beside the form."""
        return self.selects and PurePath(self.list_name).suffix.lower() in FILES

    @property
    def from_answers(self) -> bool:
        """Whether the choices are the rows of a repeat."""
        return self.selects and "${" in self.list_name

    @property
    def shown(self) -> bool:
        """Whether the tablet shows it."""
        old = self.kind == "old" and self.text.startswith(("add ", "q ")) and "calculate" not in self.text
        return self.selects or self.kind in SHOWN or old

    @property
    def answered(self) -> bool:
        """Whether a person answers it."""
        return self.selects or self.kind in ANSWERED


@lru_cache(maxsize=4096)
def read_type(text: str) -> QuestionType:
    """What this cell of the column type says."""
    words = " ".join(text.split())
    if begun := BEGIN.fullmatch(words):
        return QuestionType(text, BEGINS, _block(begun[1]), begun[2] or "")
    if ended := END.fullmatch(words):
        return QuestionType(text, ENDS, _block(ended[1]))
    if chosen := SELECT.fullmatch(words):
        return _select(text, chosen)
    if words in SHOWN | SILENT:
        return QuestionType(text, words)
    if words in OF_SETTINGS:
        return QuestionType(text, "setting")
    return QuestionType(text, "old" if words in OLD or OSM.fullmatch(words) else "unknown")


def meant_block(text: str) -> tuple[str, str] | None:
    """Whether a misspelt type must mean the beginning or end of a block: (BEGINS, "group"); None when not."""
    words = " ".join(text.split()).lower()
    if said := re.fullmatch(r"(begin|beg|start|end)[\s_-]*(group|repeat|loop)s?\b.*", words):
        return ENDS if said[1] == "end" else BEGINS, said[2]
    close = closest("_".join(words.split()), BLOCKS, cutoff=0.8)
    return (ENDS if close.startswith("end") else BEGINS, close.partition("_")[2]) if close else None


def _select(text: str, chosen: re.Match[str]) -> QuestionType:
    command = chosen[1]
    many = "multiple" in command or command in SEVERAL
    kind = "rank" if command == "rank" else "select_multiple" if many else "select_one"
    external = command == "select_one_external"
    return QuestionType(text, kind, "", chosen[2] or "", or_other=bool(chosen[3]), external=external)


def _block(word: str) -> str:
    return "repeat" if word in REPEATS else word
