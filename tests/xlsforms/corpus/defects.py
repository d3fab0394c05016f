"""Two hundred mistakes and more that designers make, one a workbook."""

from collections.abc import Iterator

from tests.xlsforms.corpus.bases import BASES, VISIT
from tests.xlsforms.corpus.making import Book, Defect, Edit, changed, edited, find
from xlsforms.findings import column_letters

EN, ES = "label::English (en)", "label::Español (es)"

# codes, base, sheet, row, column, what stands there instead
CELLS = [
    # Types.
    *(
        ("unknown-type", "visit", "survey", row, "type", text)
        for row, text in [
            ("age", "intger"),
            ("age", "number"),
            ("place", "txt"),
            ("place", "string1"),
            ("pay", "decimals"),
            ("met_on", "dat"),
            ("photo", "img"),
            ("spot", "geo point"),
            ("welcome", "notes"),
            ("jobs", "calc ulate"),
            ("district", "select_on district"),
            ("works", "selectone_yes_no"),
            ("signs", "select_multi sign"),
        ]
    ),
    ("type-missing", "visit", "survey", "age", "type", ""),
    ("type-missing", "short", "survey", "met", "type", ""),
    # Names.
    ("name-missing", "visit", "survey", "age", "name", ""),
    ("name-missing", "short", "survey", "place", "name", ""),
    ("name-missing", "visit", "survey", "job", "name", ""),
    *(
        ("ill-formed-name", "visit", "survey", row, "name", text)
        for row, text in [
            ("remark", "re mark"),
            ("remark", "1remark"),
            ("photo", "photo!"),
            ("spot", "spot?"),
            ("thanks", "-thanks"),
            ("place_group", "the place"),
            ("other_sign", "other/sign"),
            ("welcome", "wel(come)"),
        ]
    ),
    ("duplicate-name", "visit", "survey", "town", "name", "district"),
    ("duplicate-name", "visit", "survey", "remark", "name", "photo"),
    ("duplicate-name", "visit", "survey", "pay", "name", "employer"),
    ("duplicate-name", "short", "survey", "met", "name", "place"),
    ("duplicate-repeat-name duplicate-name", "visit", "survey", "child", "name", "job"),
    ("name-differs-by-case", "visit", "survey", "remark", "name", "Photo"),
    ("name-differs-by-case", "short", "survey", "met", "name", "Place"),
    # References to what is not there, in every column that may hold one.
    *(
        ("unknown-reference", "visit", "survey", row, column, text)
        for row, column, text in [
            ("works", "relevant", "${aje} >= 12"),
            ("work", "relevant", "${work_s} = 'yes'"),
            ("child", "relevant", "${childern} > 0"),
            ("child", "repeat_count", "${childrens}"),
            ("hours", "constraint", ". <= ${hour_limit}"),
            ("met_on", "constraint", ". >= ${start_date}"),
            ("hours_all", "calculation", "sum(${hour})"),
            ("summary", "calculation", "concat(${plase}, ' ')"),
            ("first_pay", "calculation", "indexed-repeat(${pey}, ${job}, 1)"),
            ("town", "choice_filter", "district = ${distrit}"),
            ("met_on", "default", "${meeting}"),
            ("place", "required", "${wanted} = 'yes'"),
            ("remark", "read_only", "${locked} = 'yes'"),
            ("thanks", EN, "Thank you, this was about ${plcae}."),
            ("thanks", ES, "Gracias, esto fue sobre ${lugar}."),
            ("welcome", EN, "Hello ${officer_name}"),
            ("place", "hint::English (en)", "Near ${twon}"),
            ("place", "hint::Español (es)", "Cerca de ${pueblo}"),
            ("age", "constraint_message::English (en)", "From 0 to ${limit}"),
            ("age", "constraint_message::Español (es)", "De 0 a ${limite}"),
            ("place", "required_message::English (en)", "Write it, ${officer}."),
            ("remark", "trigger", "${agee}"),
        ]
    ),
    ("unknown-reference", "visit", "settings", 2, "instance_name", "concat('Visit ', ${districto})"),
    ("unknown-reference", "talk", "survey", "follow", "calculation", "if(${agred} = 'yes', 1, 0)"),
    ("unknown-reference", "roster", "survey", "title", "calculation", "concat('Place ', ${place_kode})"),
    ("unknown-reference", "roster", "survey", "remark", "relevant", "${visit} > 1"),
    # Names without braces, or with half of them.
    *(
        ("reference-without-braces malformed-reference xpath-unreadable", "visit", "survey", row, column, text)
        for row, column, text in [
            ("works", "relevant", "$age >= 12"),
            ("works", "relevant", "${age >= 12"),
            ("works", "relevant", "$ {age} >= 12"),
            ("works", "relevant", "{age} >= 12"),
            ("works", "relevant", "${ age } >= 12"),
            ("hours_all", "calculation", "sum($hours)"),
            ("town", "choice_filter", "district = $district"),
            ("child", "repeat_count", "$children"),
            ("thanks", EN, "Thank you, this was about ${place."),
        ]
    ),
    # Choices.
    *(
        ("unknown-list", base, "survey", row, "type", text)
        for base, row, text in [
            ("visit", "district", "select_one districts"),
            ("visit", "works", "select_one yesno"),
            ("visit", "signs", "select_multiple signs"),
            ("visit", "works", "select_one Yes_No"),
            ("talk", "where", "select_one wher"),
            ("talk", "needs", "select_multiple needz"),
            ("roster", "kind", "select_one kinds"),
        ]
    ),
    ("list-not-named", "visit", "survey", "works", "type", "select_one"),
    ("list-not-named", "talk", "survey", "needs", "type", "select_multiple"),
    ("choice-with-space ill-formed-name", "visit", "choices", "afraid", "name", "very afraid"),
    ("choice-with-space ill-formed-name", "talk", "choices", "shelter", "name", "safe place"),
    ("choice-without-name", "visit", "choices", "tired", "name", ""),
    ("duplicate-choice", "visit", "choices", "tired", "name", "afraid"),
    ("duplicate-choice", "visit", "choices", "toledo", "name", "cayo"),
    ("duplicate-choice", "talk", "choices", "food", "name", "shelter"),
    ("choice-without-list missing-list-name row-skipped", "visit", "choices", "tired", "list_name", ""),
    # Expressions.
    *(
        ("xpath-unreadable xpath-operator typographic-quotes", "visit", "survey", row, column, text)
        for row, column, text in [
            ("work", "relevant", "${works} = ‘yes’"),
            ("work", "relevant", "${works} = “yes”"),
            ("other_sign", "relevant", "selected(${signs}, “other”)"),
            ("work", "relevant", "${works} = 'yes"),
            ("works", "relevant", "${age} >= "),
            ("works", "relevant", "${age} => 12"),
            ("works", "relevant", "${age} == 12"),
            ("works", "relevant", "(${age} >= 12"),
            ("works", "relevant", "${age} >= 12)"),
            ("works", "relevant", "${age} >= 12 and"),
            ("works", "relevant", "${age} >= 12 && ${age} < 60"),
            ("remark", "relevant", "${jobs} > 0 OR ${sure} < 3"),
            ("remark", "relevant", "${jobs} > 0 AND ${sure} < 3"),
            ("remark", "relevant", "${jobs} > 0 ${sure} < 3"),
            ("works", "relevant", "if(${age} > 12, 1, 0"),
            ("age", "constraint", ". >= 0 and <= 120"),
            ("age", "constraint", "between 0 and 120"),
            ("age", "constraint", ". >= 0, . <= 120"),
            ("hours_all", "calculation", "sum(${hours}"),
            ("hours_all", "calculation", "+"),
            ("summary", "calculation", "concat(${place}, 'a' 'b')"),
            ("town", "choice_filter", "district = "),
            ("town", "choice_filter", "district == ${district}"),
            ("age", "constraint", ". >= 0 && . <= 120"),
        ]
    ),
    *(
        ("unknown-function", "visit", "survey", row, column, text)
        for row, column, text in [
            ("other_sign", "relevant", "select(${signs}, 'other')"),
            ("hours_all", "calculation", "summ(${hours})"),
            ("hours_all", "calculation", "average(${hours})"),
            ("jobs", "calculation", "countt(${job})"),
            ("summary", "calculation", "concatenate(${place}, 'x')"),
            ("summary", "calculation", "CONCAT(${place}, 'x')"),
            ("met_on", "constraint", ". <= todays()"),
            ("met_on", "constraint", ". <= date_today()"),
            ("first_pay", "calculation", "indexedrepeat(${pay}, ${job}, 1)"),
            ("works", "relevant", "isnull(${age})"),
            ("summary", "calculation", "formatdate(${met_on}, '%Y')"),
        ]
    ),
    *(
        ("wrong-arity unknown-function", "visit", "survey", row, column, text)
        for row, column, text in [
            ("other_sign", "relevant", "selected(${signs})"),
            ("other_sign", "relevant", "selected(${signs}, 'other', 'tired')"),
            ("met_on", "constraint", ". <= today(1)"),
            ("works", "relevant", "if(${age} > 12, 1)"),
            ("first_pay", "calculation", "indexed-repeat(${pay}, ${job})"),
            ("jobs", "calculation", "count()"),
            ("summary", "calculation", "format-date(${met_on})"),
            ("hours_all", "calculation", "round(sum(${hours}), 1, 2)"),
            ("works", "relevant", "not()"),
            ("summary", "calculation", "substr(${place})"),
        ]
    ),
    # Circles.
    ("cycle", "visit", "survey", "hours_all", "calculation", "sum(${hours}) + ${hours_all}"),
    ("cycle", "visit", "survey", "works", "relevant", "${works} = 'yes'"),
    ("cycle", "visit", "survey", "age", "relevant", "${works} = 'yes'"),
    ("cycle", "visit", "survey", "jobs", "calculation", "count(${job}) + string-length(${summary}) + ${jobs}"),
    ("cycle", "talk", "survey", "follow", "calculation", "${follow} + 1"),
    # What an officer would not be told.
    ("calculation-missing", "visit", "survey", "jobs", "calculation", ""),
    ("calculation-missing", "visit", "survey", "summary", "calculation", ""),
    ("translation-missing", "visit", "survey", "age", ES, ""),
    ("translation-missing", "visit", "survey", "work", ES, ""),
    ("translation-missing", "visit", "survey", "place", "hint::Español (es)", ""),
    ("translation-missing", "visit", "survey", "place", "hint::English (en)", ""),
    ("translation-missing", "visit", "survey", "hours", "constraint_message::Español (es)", ""),
    ("translation-missing", "visit", "survey", "place", "required_message::Español (es)", ""),
    ("translation-missing", "visit", "choices", "afraid", ES, ""),
    ("translation-missing", "visit", "choices", "toledo", EN, ""),
    ("label-missing", "short", "survey", "met", "label", ""),
    ("label-missing", "talk", "survey", "debt", "label", ""),
    ("repeat-without-label label-missing", "talk", "survey", "stay", "label", ""),
    # Repeats.
    ("repeat-count", "visit", "survey", "child", "repeat_count", "100000"),
    ("reference-into-repeat", "visit", "survey", "remark", "relevant", "${hours} > 8"),
    ("reference-into-repeat", "visit", "survey", "summary", "calculation", "string-length(${employer})"),
    # Settings.
    ("form-id", "visit", "settings", 2, "form_id", "place visit"),
    ("form-id", "visit", "settings", 2, "form_id", "visita/año"),
    ("form-id", "short", "settings", 2, "form_id", "x" * 65),
    ("default-language-unknown", "visit", "settings", 2, "default_language", "French (fr)"),
    ("default-language-unknown", "visit", "settings", 2, "default_language", "English"),
    ("version-too-long", "short", "settings", 2, "version", "2026" * 40),
    ("title-missing", "visit", "settings", 2, "form_title", ""),
    ("version-given version-missing", "short", "settings", 2, "version", ""),
    # Parameters and files.
    (
        "parameters unknown-parameter parameter-value parameters-unreadable",
        "visit",
        "survey",
        "sure",
        "parameters",
        "start=1 end=5 stepp=1",
    ),
    (
        "parameters unknown-parameter parameter-value parameters-unreadable",
        "visit",
        "survey",
        "sure",
        "parameters",
        "start=a end=5 step=1",
    ),
    (
        "parameters unknown-parameter parameter-value parameters-unreadable",
        "visit",
        "survey",
        "photo",
        "parameters",
        "max-pixels=big",
    ),
    (
        "parameters unknown-parameter parameter-value parameters-unreadable",
        "visit",
        "survey",
        "photo",
        "parameters",
        "max pixels 1024",
    ),
    ("image-without-max-pixels", "visit", "survey", "photo", "parameters", ""),
    ("unsafe-file-name", "roster", "survey", "known", "type", "select_one_from_file ../places.csv"),
    ("unsafe-file-name", "roster", "survey", "known", "type", "select_one_from_file lists/places.csv"),
    ("file-ending", "roster", "survey", "known", "type", "select_one_from_file places.pdf"),
    ("file-missing", "roster", "survey", "known", "type", "select_one_from_file placez.csv"),
    # Entities.
    *(
        (f"entities {code}", "roster", sheet, row, column, text)
        for code, sheet, row, column, text in [
            ("entity-name-underscores save-to-reserved ill-formed-name", "survey", "kind", "save_to", "the kind"),
            ("entity-name-underscores save-to-reserved ill-formed-name", "survey", "kind", "save_to", "__kind"),
            ("entity-name-underscores save-to-reserved ill-formed-name", "survey", "kind", "save_to", "name"),
            ("entity-name-underscores save-to-reserved ill-formed-name", "survey", "kind", "save_to", "label"),
            ("save-to-twice", "survey", "visits", "save_to", "place_code"),
            ("entity-list-missing entity-name-underscores ill-formed-name", "entities", 2, "list_name", "my places"),
            ("entity-list-missing entity-name-underscores ill-formed-name", "entities", 2, "list_name", "__places"),
            ("entity-list-missing entity-name-underscores ill-formed-name", "entities", 2, "list_name", ""),
            ("entity-label-missing", "entities", 2, "label", ""),
            ("unknown-reference", "entities", 2, "label", "${titel}"),
            ("unknown-reference", "entities", 2, "create_if", "${kinds} = 'farm'"),
            ("xpath-unreadable", "entities", 2, "create_if", "${kind} = 'farm"),
        ]
    ),
    # The case mapping.
    *(
        (codes, "talk", sheet, row, column, text)
        for codes, sheet, row, column, text in [
            ("unknown-field", "survey", "met_on", "case_field", "screening.dat"),
            ("unknown-field", "survey", "alias", "case_field", "person.nickname_of"),
            ("unknown-field", "survey", "papers", "case_field", "screening.indicator.des_docs"),
            ("unknown-field", "survey", "agreed", "case_field", "consent.anser"),
            ("unknown-field unknown-record", "survey", "where", "case_field", "screning.district"),
            ("unknown-field", "survey", "alias", "case_field", "person"),
            ("unknown-mode", "survey", "alias", "case_mode", "append"),
            ("unknown-mode", "survey", "born", "case_mode", "filll"),
            ("mode-not-possible", "survey", "born", "case_mode", "add"),
            ("mode-without-field", "survey", "follow", "case_mode", "latest"),
            ("type-clash", "survey", "alias", "case_field", "person.birthdate"),
            ("type-clash", "survey", "born", "case_field", "person.age"),
            ("type-clash", "survey", "needs", "case_field", "person.birthdate"),
            ("type-clash", "survey", "years", "case_field", "person.birthdate"),
            ("type-clash", "survey", "years", "case_field", "screening.district"),
            ("choices-without-code", "survey", "where", "case_field", "screening.place_kind"),
            ("choices-without-code", "survey", "agreed", "case_field", "screening.district"),
            ("field-filled-twice", "survey", "debt", "case_field", "screening.indicator.des_documents"),
            ("field-in-repeat", "survey", "town", "case_field", "screening.place"),
            ("field-outside-repeat", "survey", "where", "case_field", "movement.place"),
            ("field-on-group", "survey", "contact", "case_field", "person.alias"),
            ("field-on-repeat", "survey", "stay", "case_field", "movement.place"),
            ("record-not-declared", "survey", "met_on", "case_field", "visit.date"),
            ("unknown-record", "case_records", "person", "record", "persona"),
            ("unknown-record", "case_records", "movement", "record", "movements"),
            ("unknown-action", "case_records", "person", "action", "create"),
            ("unknown-action", "case_records", "case", "action", ""),
            ("when-not-a-calculate", "case_records", "case", "when", "${agreed}"),
            ("when-not-a-calculate", "case_records", "case", "when", "${followup}"),
            ("when-not-a-calculate", "case_records", "case", "when", "${follow} = 1"),
            ("match-not-a-question", "case_records", "person", "match", "${person_id}"),
            ("match-not-a-question", "case_records", "person", "match", "the code"),
            ("match-of-new", "case_records", "consent", "match", "${alias}"),
            ("unknown-repeat", "case_records", "movement", "repeat", "stays"),
            ("repeat-not-new", "case_records", "movement", "action", "find_or_propose"),
            ("unknown-link", "case_records", "case", "link", "persons"),
            ("link-circle", "case_records", "person", "link", "case"),
            ("case-codes-unknown-list", "case_codes", 2, "list_name", "yn9"),
            ("case-codes-unknown-choice", "case_codes", 3, "choice", "noo"),
            ("case-codes-twice", "case_codes", 3, "choice", "yes"),
            ("case-codes-unknown-code", "case_codes", "unsaid", "code", "refusal"),
            ("unknown-case-form", "settings", 2, "case_form", "screning"),
            ("case-form-missing", "settings", 2, "case_form", ""),
        ]
    ),
]


def defects() -> Iterator[Defect]:
    """Every defect of the corpus."""
    yield from (changed(*cell) for cell in CELLS)
    yield from structure()
    yield from columns()
    yield from settings()
    yield from privacy()


def structure() -> Iterator[Defect]:
    """Rows that are missing, doubled or in the wrong place."""
    ends = [number for number, cells in enumerate(VISIT["survey"], 1) if cells[0].startswith("end")]
    begins = [number for number, cells in enumerate(VISIT["survey"], 1) if cells[0].startswith("begin")]
    # Begun: place_group, work, job, child. Ended: place_group, job, work, child.
    for end, begin in ((ends[0], begins[0]), (ends[2], begins[1]), (ends[3], begins[3])):
        yield edited("group-not-ended", "visit", f"survey!A{begin}", _without("survey", end), f"no end in row {end}")
    for begin, end in ((begins[0], ends[0]), (begins[1], ends[2]), (begins[3], ends[3])):
        where = f"survey!A{end - 1}"
        yield edited("group-not-begun", "visit", where, _without("survey", begin), f"no begin in row {begin}")
    for number, text in ((ends[1], "end_group"), (ends[0], "end_repeat"), (ends[3], "end_group")):
        where, codes = f"survey!A{number}", "group-ended-as-other"
        yield edited(codes, "visit", where, _put("survey", number, "type", text), f"{text} in row {number}")
    for number in (ends[0] + 1, len(VISIT["survey"]) + 1):
        where = f"survey!A{number}"
        yield edited("group-not-begun", "visit", where, _insert("survey", number, "end_group"), f"end in row {number}")
    yield edited("unknown-list", "visit", "survey!A7", _without("choices", 4, 5), "no districts")
    yield edited("choices-missing", "talk", "", _no_sheet("choices"), "no choices")
    yield edited("survey-missing", "visit", "", _no_sheet("survey"), "no survey")
    yield edited("no-questions", "short", "survey!", _without("survey", 2, 3, 4), "a header alone")
    yield edited("entities save-to-without-entities", "roster", "survey!F3", _no_sheet("entities"), "no entities")
    yield edited("misspelt-sheet sheet-misspelt", "visit", "choises!", _rename_sheet("choices", "choises"), "choises")
    yield edited("misspelt-sheet sheet-misspelt", "short", "setings!", _rename_sheet("settings", "setings"), "setings")
    for name in ("case_record", "case_recods"):
        yield edited("misspelt-sheet", "talk", f"{name}!", _rename_sheet("case_records", name), name)
    yield edited("misspelt-sheet", "talk", "case_code!", _rename_sheet("case_codes", "case_code"), "case_code")
    yield edited(
        "choice-without-label", "talk", "choices!C2", _put("choices", 2, "label", ""), "a choice without label"
    )
    yield edited("row-skipped type-missing", "short", "survey!A4", _put("survey", 4, "type", ""), "a note without type")
    yield edited("list-unused", "short", "choices!A2", _idle_list, "a list that nobody uses")


def columns() -> Iterator[Defect]:
    """Headers that nobody reads, stand twice or say less than they should."""
    renamed = [
        ("visit", "survey", "relevant", "relevent"),
        ("visit", "survey", "constraint", "constrain"),
        ("visit", "survey", "calculation", "calculaton"),
        ("visit", "survey", "choice_filter", "choicefilter"),
        ("visit", "survey", "repeat_count", "repeat_cout"),
        ("visit", "survey", "appearance", "apperance"),
        ("visit", "survey", "parameters", "paramaters"),
        ("visit", "survey", "required", "requierd"),
        ("visit", "survey", "default", "defualt"),
        ("visit", "settings", "version", "vesion"),
        ("visit", "settings", "instance_name", "instance_nam"),
        ("visit", "settings", "default_language", "default_langauge"),
        ("talk", "survey", "case_field", "case_feild"),
        ("talk", "survey", "case_mode", "case_mod"),
        ("talk", "settings", "case_form", "caseform"),
        ("roster", "survey", "save_to", "saveto"),
        ("roster", "entities", "create_if", "create_fi"),
    ]
    for base, sheet, old, new in renamed:
        yield _header("misspelt-column unknown-column entities-unknown-column", base, sheet, old, new)
    for base, sheet, old in (("short", "survey", "type"), ("short", "survey", "name"), ("talk", "choices", "name")):
        yield _header("missing-column misspelt-column", base, sheet, old, f"my {old}")
    yield _header("missing-column misspelt-column", "talk", "choices", "list_name", "lists")
    yield _header("duplicate-column", "visit", "survey", "trigger", "appearance")
    yield _header("duplicate-column", "talk", "survey", "case_mode", "case_field")
    yield _header(
        "choices-extra-column", "visit", "choices", "district", "region", also=_put("survey", 8, "choice_filter", "")
    )
    yield _new_column("choices-extra-column", "talk", "choices", "colour", "3")
    for name in ("weight", "points", "risk_score", "Peso", "puntaje_total"):
        yield _new_column("choices-weights", "talk", "choices", name, "3")
    yield _new_column("language-code", "short", "survey", "label::Spanish", "¿Dónde?")
    yield edited("translation-missing", "visit", "survey!V4", _begun_language, "one text in Kriol")
    for sheet, old, where in (("choices", ES, "choices!C1"), ("survey", "hint::Español (es)", "survey!E1")):
        yield edited("translation-missing", "visit", where, _rename(sheet, old, "note_es"), f"{sheet} {old} as note_es")


def settings() -> Iterator[Defect]:
    """What the server owns, and identities that do not fit."""
    owned = {
        "submission_url": "https://example.org/submit",
        "public_key": "MIIBIjANBgkq",
        "auto_send": "true",
        "auto_delete": "true",
        "client_editable": "true",
    }
    for base in ("visit", "short"):
        for name, text in owned.items():
            yield _new_column("server-owned-setting", base, "settings", name, text)
    yield edited("two-form-ids", "short", "settings!D1", _two_ids, "form_id and id_string")
    yield edited(
        "form-id", "short", "settings!A2", _no_column("settings", "form_id"), "no form id, and a file name that is none"
    )


def privacy() -> Iterator[Defect]:
    """What would tell the holder of a tablet who somebody is."""
    for text in ("${alias}", "concat(${alias}, ' ', ${where})", "${born}"):
        yield _new_column("instance-name-personal-data", "talk", "settings", "instance_name", text)
    yield edited(
        "identity-before-consent", "talk", "survey!G9", _put("survey", 7, "case_field", ""), "consent not mapped"
    )
    for name in ("class_low", "class_high", "dimensions", "urgency", "rule_set", "reasons"):
        yield changed("computed-field", "talk", "survey", "where", "case_field", f"screening.{name}")
    yield edited("last-saved-personal-data", "talk", "survey!I9", _last_saved, "the last person's name as default")


def _without(sheet: str, *numbers: int) -> Edit:
    def edit(book: Book) -> None:
        book[sheet] = [cells for number, cells in enumerate(book[sheet], 1) if number not in numbers]

    return edit


def _put(sheet: str, number: int, column: str, text: str) -> Edit:
    def edit(book: Book) -> None:
        book[sheet][number - 1][book[sheet][0].index(column)] = text

    return edit


def _insert(sheet: str, number: int, first: str) -> Edit:
    def edit(book: Book) -> None:
        book[sheet].insert(number - 1, [first, *[""] * (len(book[sheet][0]) - 1)])

    return edit


def _no_sheet(sheet: str) -> Edit:
    def edit(book: Book) -> None:
        del book[sheet]

    return edit


def _rename_sheet(old: str, new: str) -> Edit:
    def edit(book: Book) -> None:
        book[new] = book.pop(old)

    return edit


def _no_column(sheet: str, column: str) -> Edit:
    def edit(book: Book) -> None:
        at = book[sheet][0].index(column)
        book[sheet] = [cells[:at] + cells[at + 1 :] for cells in book[sheet]]

    return edit


def _idle_list(book: Book) -> None:
    book["choices"] = [["list_name", "name", "label"], ["idle", "yes", "Yes"]]


def _rename(sheet: str, old: str, new: str) -> Edit:
    def edit(book: Book) -> None:
        book[sheet][0][book[sheet][0].index(old)] = new

    return edit


def _begun_language(book: Book) -> None:
    for number, cells in enumerate(book["survey"], 1):
        cells.append({1: "label::Kriol (bzj)", 5: "Tenk yu."}.get(number, ""))


def _two_ids(book: Book) -> None:
    book["settings"] = [[*book["settings"][0], "id_string"], [*book["settings"][1], "other"]]


def _last_saved(book: Book) -> None:
    book["survey"][0].append("default")
    for number, cells in enumerate(book["survey"][1:], 2):
        cells.append("${last-saved#alias}" if number == 9 else "")


def _header(codes: str, base: str, sheet: str, old: str, new: str, *, also: Edit | None = None) -> Defect:
    def edit(book: Book) -> None:
        if also is not None:
            also(book)
        book[sheet][0][at] = new

    at = find(BASES[base][sheet], 1, old)[1]
    return edited(codes, base, f"{sheet}!{column_letters(at)}1", edit, f"{sheet} {old} as {new}")


def _new_column(codes: str, base: str, sheet: str, name: str, text: str) -> Defect:
    def edit(book: Book) -> None:
        book[sheet][0].append(name)
        for number, cells in enumerate(book[sheet][1:], 2):
            cells.append(text if number == 2 else "")

    at, row = len(BASES[base][sheet][0]), 2 if sheet == "settings" else 1
    return edited(codes, base, f"{sheet}!{column_letters(at)}{row}", edit, f"{sheet} with {name}: {text}")
