"""Two small questionnaires that feed one case: a screening and a follow-up, joined by an entity id."""

from tests.make import Make

COLUMNS = {
    "survey": "type | name | label | calculation | case_field | case_mode",
    "choices": "list_name | name | label",
    "settings": "form_title | form_id | version | case_form",
    "case_records": "record | action | match | when | repeat | link",
    "case_codes": "list_name | choice | code",
}
RISKS = ["risk | low | Low", "risk | high | High", "risk | imminent | Imminent", "risk | skip | No answer"]


def book(**sheets: list[str]) -> str:
    """A workbook of markdown tables, of the rows below each sheet's columns."""
    lines = []
    for name, rows in sheets.items():
        lines += [f"| {name} |", f"| | {COLUMNS[name]} |", *(f"| | {row} |" for row in rows)]
    return "\n".join(lines)


SCREEN = book(
    survey=[
        "start | start | | | |",
        "end | end | | | |",
        "text | who | Entity id | | |",
        "text | alias | Name you want to use | | person.alias | add",
        "date | born | Date of birth | | person.birthdate |",
        "select_one risk | risk | Risk | | case.risk_level | latest",
        "text | place | Place | | screening.place |",
        "begin_repeat | trip | Trip | | |",
        "text | stop | Stop | | movement.place |",
        "text | remark | Remark | | note.text |",
        "end_repeat | | | | |",
    ],
    choices=RISKS,
    settings=["Screening | screen | 1 | other"],
    case_records=[
        "person | find_or_propose | ${who} | | |",
        "case | find_or_propose | ${who} | | | person",
        "screening | new | | | | case",
        "movement | new | | | trip | case",
        "note | new | | | trip | movement",
    ],
    case_codes=["risk | skip | "],
)
FOLLOW = book(
    survey=[
        "start | start | | | |",
        "text | who | Entity id | | |",
        "text | alias | Name you want to use | | person.alias | add",
        "date | born | Date of birth as told now | | person.birthdate | check",
        "select_one risk | risk | Risk | | case.risk_level | latest",
        "text | note | Note | | visit.note | add",
    ],
    choices=RISKS[:3],
    settings=["Follow-up | follow | 1 | follow_up"],
    case_records=["person | find | ${who} | | |", "case | find | ${who} | | | person", "visit | new | | | | case"],
)
WHO = "uuid:aaaaaaaa-0000-4000-8000-000000000001"


def screening(make: Make, form, *, who=WHO, start="2026-05-01T09:00:00.000-06:00", more="", **given):
    """An instance of SCREEN; `given` are its answers."""
    names = {"alias": "Invented", "born": "1990-01-31", "risk": "low", "place": "Invented town"}
    names |= given.pop("answers", {})
    told = "".join(f"<{name}>{value}</{name}>" for name, value in names.items() if value)
    when = f"<start>{start}</start><end>{start}</end>" if start else ""
    return make.instance(form, f"{when}<who>{who}</who>{told}{more}", **given)


def follow_up(make: Make, form, *, who=WHO, start="2026-05-02T09:00:00.000-06:00", **given):
    """An instance of FOLLOW; `given` are its answers."""
    names = {"note": "Invented note"} | given.pop("answers", {})
    told = "".join(f"<{name}>{value}</{name}>" for name, value in names.items() if value)
    when = f"<start>{start}</start>" if start else ""
    return make.instance(form, f"{when}<who>{who}</who>{told}", **given)


STATES = [f"sign | {state} | {state}" for state in ("present", "absent", "unknown", "refused", "not_asked")]
BANDS = [f"band | {band} | {band}" for band in ("16_17", "18_20", "24_26", "unknown")]
ASKED = {
    "job": "indicator.dec_job",
    "pay": "indicator.dec_pay",
    "hours": "indicator.exp_hours",
    "wage": "indicator.exp_pay",
    "papers": "indicator.des_documents",
    "debt": "indicator.des_debt",
    "recruited": "act.recruited",
    "hurt": "flag.serious_injury",
    "court": "flag.court_or_visa_14d",
    "sexual": "flag.pur_sexual",
}
SIGNS = book(
    survey=[
        "start | start | | | |",
        "text | who | Entity id | | |",
        "calculate | known | | if(${who} != '', 1, 0) | |",
        "select_one band | band | Age | | screening.age_band |",
        "select_one column | column | Weights | | screening.profile |",
        *(f"select_one sign | {name} | {name} | | screening.{field} |" for name, field in ASKED.items()),
    ],
    choices=[*STATES, *BANDS, "column | adult_sexual | adult_sexual", "column | adult_labour | adult_labour"],
    settings=["Signs | signs | 1 | screening"],
    case_records=[
        "person | find_or_propose | ${who} | ${known} | |",
        "case | find_or_propose | ${who} | ${known} | | person",
        "screening | new | | | | case",
    ],
)
STRONG = dict.fromkeys(("job", "pay", "hours", "wage", "papers", "debt", "recruited"), "present")


def signs(make: Make, form, answers, *, who=WHO, band="24_26", **given):
    """An instance of SIGNS: a screening, of a case when `who` is told."""
    named = {"who": who, "known": "1" if who else "0", "band": band} | answers
    told = "".join(f"<{name}>{value}</{name}>" for name, value in named.items() if value)
    return make.instance(form, f"<start>2026-05-01T09:00:00.000-06:00</start>{told}", **given)
