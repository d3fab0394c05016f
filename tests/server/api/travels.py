"""An invented form with everything that makes tables hard, and submissions of it at moments that do not change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from accounts.projects import get_agency
from tests.make import Make
from tests.server.api.scripts import Installation, P

EXPECTED = Path(__file__).parent / "expected"
TRAVELS = f"{P}/forms/travels"
S = f"{TRAVELS}/submissions"
SVC = f"{TRAVELS}.svc"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
TRIPS = f"{SVC}/Submissions.trip"
STOPS = f"{SVC}/Submissions.trip.way.stop"
NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
FORM = """
| survey |
| | type | name | label | calculation |
| | start | begun | | |
| | text | name | Name | |
| | begin_group | who | Who | |
| | integer | age | Age | |
| | decimal | height | Height | |
| | select_multiple papers | held | Papers | |
| | geopoint | home | Home | |
| | end_group | | | |
| | begin_repeat | trip | Trip | |
| | text | from | From | |
| | begin_group | way | Way | |
| | begin_repeat | stop | Stop | |
| | text | place | Place | |
| | end_repeat | | | |
| | end_group | | | |
| | end_repeat | | | |
| | begin_group | later | Later | |
| | begin_repeat | visit | Visit | |
| | date | day | Day | |
| | end_repeat | | | |
| | end_group | | | |
| | image | photo | Photo | |
| choices |
| | list_name | name | label |
| | papers | passport | Passport |
| | papers | id | Card |
| | papers | none | None |
| settings |
| | form_title | form_id | version |
| | Invented travels | travels | 1 |
"""
FULL = """<begun>2026-05-03T05:58:00.000-06</begun><name>Zora &quot;Z&quot;, (invented)</name>
<who><age>31</age><height>1.70</height><held>id other</held><home>17.25 -88.76 12.5 4</home></who>
<trip><from>Ta</from><way><stop><place>one
line more</place></stop><stop><place>two</place></stop></way></trip>
<trip><from> Tb </from></trip>
<trip><way><stop><place>=1+1</place></stop></way></trip>
<later><visit><day>2026-06-01</day></visit></later><photo>p.jpg</photo>"""
NEARLY_EMPTY = "<name>+501 000 0000</name><who><age/><held>passport</held><home>-1 2</home></who>"


def one(number: int) -> str:
    """The instance id of a submission."""
    return f"uuid:00000000-0000-4000-9000-{number:012d}"


def publish(place: Installation, form: str = FORM) -> None:
    with place.database.begin() as session:
        Make(session, place.files, NOON).form(form)  # At one moment, so that it is compiled once in a test run.


def send(
    place: Installation,
    answers: str = "",
    *uploads,
    number: int = 1,
    form: str = "travels",
    corrects: str | None = None,
    version: str | None = None,
    tablet: str | None = None,
    agency: str | None = None,
    instance_id: str | None = None,
) -> str:
    """The instance id of a submission that came so many minutes after noon, from a tablet of its own, and is filed."""
    with place.make() as make:
        offered = make.offered(form)
        named = instance_id or one(number)
        instance = make.instance(offered, answers, instance_id=named, corrects=corrects, version=version)
        device = make.device(tablet, agency=None if agency is None else get_agency(make.session, agency))
        make.receive(instance, offered, *uploads, device=device, now=NOON + timedelta(minutes=number))
    place.file_all()
    return instance.instance_id


def read(script, path, **options):
    answer = script.get(path, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["OData-Version"] == "4.0"
    assert answer.headers["Content-Type"] == "application/json"
    return answer.get_json()


def pages(script, path):
    """The documents from here on, following each next link."""
    found = [read(script, path)]
    while "@odata.nextLink" in found[-1]:
        found.append(read(script, below(found[-1]["@odata.nextLink"])))
    return found


def below(address):
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def ids(told):
    return [row["__id"] for row in told["value"]]
