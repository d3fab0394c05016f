"""Submissions as CSV and as a zip: byte for byte as expected, no more than somebody may read, and never in silence."""

import csv
import io
import threading
import zipfile
from time import monotonic, sleep

import pytest

from forms.library import get_form
from server import turns
from server.api import csv_tables, disclosure, zip_files
from server.api.csv_tables import neutral, safe
from server.api.form_tables import FormTables
from storage.roots import RootKey
from storage.sealing import Keyring
from submissions import pages
from submissions.fields import Outline, tables_of
from submissions.instance import read_instance
from submissions.tables import Attachment, Submission
from tests.make import upload
from tests.server.api.scripts import SAID, TALK, P, fault
from tests.server.api.travels import EXPECTED, FORM, FULL, NEARLY_EMPTY, NOON, TRAVELS, S, one, publish, send
from tests.server.desk.office import TALK as ROWS
from tests.server.desk.office import workbook
from xlsforms.definition import FormDefinition, Group, Question


def unzip(answer):
    """The files of a zip, in their order."""
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return {info.filename: archive.read(info) for info in archive.infolist()}


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode() if isinstance(content, bytes) else content)))


def expected(name):
    return (EXPECTED / name).read_bytes()


@pytest.fixture
def travels(place):
    """Two submissions of the form that makes tables hard."""
    publish(place)
    send(place, FULL, upload("p.jpg", b"a photo"), number=1, tablet="Tablet A")
    send(place, NEARLY_EMPTY, number=2, tablet="Tablet B")
    return place.script("supervisor")


def test_the_csv_is_as_expected_byte_for_byte(travels):
    answer = travels.get(f"{S}.csv")
    assert answer.data == expected("travels.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=travels.csv"


def test_the_zip_is_as_expected_byte_for_byte_and_in_order(travels):
    answer = travels.get(f"{S}.csv.zip")
    assert answer.headers["Content-Type"] == "application/zip"
    found = unzip(answer)
    tables = ["travels.csv", "travels-trip.csv", "travels-stop.csv", "travels-visit.csv"]
    assert list(found) == [*tables, "media/p.jpg"]
    assert {name: found[name] for name in tables} == {name: expected(name) for name in tables}
    assert found["media/p.jpg"] == b"a photo"


def test_post_answers_alike(travels):
    assert travels.post(f"{S}.csv").data == expected("travels.csv")
    assert next(iter(unzip(travels.post(f"{S}.csv.zip")))) == "travels.csv"


def test_without_attachments_there_are_tables_alone(travels):
    assert list(unzip(travels.get(f"{S}.csv.zip?attachments=false")))[-1] == "travels-visit.csv"


def test_a_form_without_submissions_has_its_heads(place):
    publish(place)
    script = place.script("manager")
    heads = {name: content.count(b"\n") for name, content in unzip(script.get(f"{S}.csv.zip")).items()}
    assert heads == {"travels.csv": 1, "travels-trip.csv": 1, "travels-stop.csv": 1, "travels-visit.csv": 1}
    assert script.get(f"{S}.csv").data == expected("travels.csv").split(b"\n")[0] + b"\n"


def test_group_paths_can_be_left_out(travels):
    head = travels.get(f"{S}.csv?groupPaths=false").text.split("\n")[0].split(",")
    assert head[1:7] == ["begun", "name", "age", "height", "held", "home-Latitude"]
    assert "instanceID" in head


def test_choices_that_were_seen_get_columns_of_their_own(travels):
    rows = table(travels.get(f"{S}.csv?splitSelectMultiples=true").text)
    names = [name for name in rows[0] if name.startswith("who-held")]
    assert names == ["who-held", "who-held/passport", "who-held/id", "who-held/other"]
    assert [[row[name] for name in names] for row in rows] == [["passport", "1", "0", "0"], ["id other", "0", "1", "1"]]


def test_choices_within_repeats_get_columns_too(place):
    publish(place, FORM.replace("| | text | from | From | |", "| | select_multiple papers | from | From | |"))
    send(place, "<trip><from>none id</from></trip><trip><from>id</from></trip>")
    found = unzip(place.script("manager").get(f"{S}.csv.zip?splitSelectMultiples=true"))["travels-trip.csv"].decode()
    head, *rows = [line.split(",")[:3] for line in found.splitlines()]
    assert head == ["from", "from/id", "from/none"]
    assert rows == [["none id", "1", "1"], ["id", "1", "0"]]


def test_questions_of_older_versions_come_when_asked_for(place):
    publish(place)
    send(place, "<name>Old</name><trip><from>Ta</from></trip>", number=1, version="1")
    newer = FORM.replace("| | text | name | Name | |", "| | text | alias | Alias | |").replace(
        "travels | 1 |", "travels | 2 |"
    )
    publish(place, newer.replace("| | text | from | From | |", "| | text | start_at | Start | |"))
    send(place, "<alias>New</alias>", number=2, version="2")
    script = place.script("manager")
    plain = table(script.get(f"{S}.csv").text)
    assert [(row["alias"], row["FormVersion"]) for row in plain] == [("New", "2"), ("", "1")]
    assert "name" not in plain[0]
    found = unzip(script.get(f"{S}.csv.zip?deletedFields=true"))
    rows = table(found["travels.csv"])
    assert [(row["name"], row["alias"]) for row in rows] == [("", "New"), ("Old", "")]
    assert [row["from"] for row in table(found["travels-trip.csv"])] == ["Ta"]


def test_formulas_stay_as_they_are_unless_they_are_to_be_harmless(travels):
    assert table(travels.get(f"{S}.csv").text)[0]["name"] == "+501 000 0000"
    harmless = unzip(travels.get(f"{S}.csv.zip?formulas=neutral"))
    row = table(harmless["travels.csv"])[0]
    assert (row["name"], row["who-home-Latitude"]) == ("'+501 000 0000", "-1")
    assert [row["place"] for row in table(harmless["travels-stop.csv"])][-1] == "'=1+1"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "=1+1",
            "+1 555 0100",
            "-2+3",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\nx",
            "|calc",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "-",
            "=-1",
        ),
        *("\ufeff=1", " =1", '"=1', "'=1", "=cmd|'/C calc'!A0", '=HYPERLINK("http://example.org")'),
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_made_harmless(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "-2.5", "-88.76", "1-2", "x@example.org", "2026-05-03", "-1e5", "(=)"])
def test_what_is_no_formula_is_left_as_it_is(text):
    assert neutral(text) == text


def test_columns_named_like_formulas_are_made_harmless_too():
    question = Question("/data/＝x", "＝x", "text", {}, {}, (), "", "", False)
    outline = Outline(FormDefinition("f", "1", "F", (), "", (), (question,), ()), ())
    form = FormTables(1, "f", tables_of([outline]), True, False, "", {}, outline)
    table = csv_tables.CsvTable(form, 0, csv_tables.Style(neutral=True))
    table.head()
    assert table.taken().startswith("SubmissionDate,'＝x,KEY".encode())


def test_unknown_options_are_refused_rather_than_passed_over(travels):
    assert fault(travels.get(f"{S}.csv?formula=neutral")) == (400, 400.4)
    assert fault(travels.get(f"{S}.csv?formulas=yes")) == (400, 400.8)
    assert fault(travels.get(f"{S}.csv?groupPaths=maybe")) == (400, 400.11)


def test_a_filter_chooses_submissions(travels):
    found = table(travels.get(f"{S}.csv?$filter=__system/submissionDate gt 2026-05-03T12:01:00.000Z").text)
    assert [row["KEY"] for row in found] == [one(2)]
    assert fault(travels.get(f"{S}.csv?$filter=name eq 'Zora'")) == (501, 501.5)
    assert fault(travels.get(f"{S}.csv?$filter=__id eq")) == (400, 400.18)


def test_a_correction_stands_under_the_key_of_what_it_corrects(travels, place):
    send(place, "<name>Mended</name>", number=3, corrects=one(1), tablet="Tablet C")
    rows = table(travels.get(f"{S}.csv").text)
    assert [(row["KEY"], row["name"], row["Edits"], row["ReviewState"], row["SubmitterName"]) for row in rows] == [
        (one(2), "+501 000 0000", "0", "", "Tablet B"),
        (one(1), "Mended", "1", "edited", "Tablet A"),
    ]
    assert unzip(travels.get(f"{S}.csv.zip"))["travels-trip.csv"].count(b"\n") == 1


def test_review_states_and_the_senders_device_stand_there(travels, place):
    travels.call("PATCH", f"{S}/{one(1)}", json={"reviewState": "approved"})
    assert [row["ReviewState"] for row in table(travels.get(f"{S}.csv").text)] == ["", "approved"]


def test_files_of_one_name_do_not_take_each_others_place(place):
    publish(place)
    for number in (1, 2, 3):
        send(place, "<photo>p.jpg</photo>", upload("p.jpg", f"photo {number}".encode()), number=number)
    found = unzip(place.script("manager").get(f"{S}.csv.zip"))
    media = {name: content for name, content in found.items() if name.startswith("media/")}
    assert media["media/p.jpg"] == b"photo 3"
    assert sorted(media.values()) == [b"photo 1", b"photo 2", b"photo 3"]
    assert f"media/{one(1).replace(':', '_')}/p.jpg" in media


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\x", "/root.jpg", "a\nb.jpg", "con<>.jpg", "...", "x" * 300]
)
def test_no_file_name_leads_out_of_the_archive(place, name):
    publish(place)
    send(place, "", upload(name, b"bytes"))
    (media,) = [found for found in unzip(place.script("manager").get(f"{S}.csv.zip")) if found.startswith("media/")]
    inside = media.removeprefix("media/")
    assert inside
    assert not set(inside) & set('/\\<>:"|?*\n')
    assert len(inside) <= 200
    assert inside.strip(".") == inside


def test_names_are_safe_and_keep_their_ending():
    assert (safe("a/b.csv"), safe(""), safe("ñandú.csv")) == ("a_b.csv", "file", "ñandú.csv")
    assert safe("x" * 300 + ".csv").endswith("x.csv")


AUDITED = FORM.replace("| | start | begun | | |", "| | start | begun | | |\n| | audit | audit | | |")
LOG = b"event,node,start,end\nform start,,1,\nquestion,/data/name,2,3\n"


def test_logs_of_how_forms_were_filled_stand_together(place):
    publish(place, AUDITED)
    send(place, "", upload("audit.csv", LOG), number=1)
    other = b"event,node,start,end,latitude,user\r\nform exit,,4,,17.1,=cmd\r\n"
    send(place, "", upload("audit.csv", other), upload("x.jpg", b"x"), number=2)
    found = unzip(place.script("manager").get(f"{S}.csv.zip?formulas=neutral"))
    assert list(found)[-1] == "travels - audit.csv"
    assert found["travels - audit.csv"].decode().splitlines() == [
        "instance ID,event,node,start,end,latitude,longitude,accuracy,old-value,new-value,user,change-reason",
        f"{one(2)},form exit,,4,,17.1,,,,,'=cmd,",
        f"{one(1)},form start,,1,,,,,,,,",
        f"{one(1)},question,/data/name,2,3,,,,,,,",
    ]
    assert found["media/audit.csv"] == other


@pytest.mark.parametrize("broken", [b"\xff\xfe\0\0", b"", b'event\n"' + b"x" * 200_000, b"no newline" * 10, b"\0" * 50])
def test_a_log_that_is_none_does_not_stop_the_others(place, broken):
    publish(place, AUDITED)
    send(place, "", upload("audit.csv", LOG), number=1)
    send(place, "", upload("audit.csv", broken), number=2)
    found = unzip(place.script("manager").get(f"{S}.csv.zip"))["travels - audit.csv"].decode()
    assert f"{one(1)},question,/data/name,2,3,,,,,,," in found


def test_a_file_that_is_gone_is_told_and_does_not_stop_the_others(place, files):
    publish(place)
    send(place, "<photo>a.jpg</photo>", upload("a.jpg", b"a"), upload("b.jpg", b"b"))
    with place.database.read() as session:
        row = session.query(Attachment).filter(Attachment.expected).one()
    files.delete(row.file_id)
    found = unzip(place.script("manager").get(f"{S}.csv.zip"))
    assert [name for name in found if name.startswith("media")] == ["media/b.jpg"]
    assert found["travels - lost files.csv"].decode() == f"instance ID,file\n{one(1)},a.jpg\n"


def test_a_submission_that_does_not_open_keeps_its_row_and_says_so(travels, place):
    with place.database.begin() as session:
        row = session.query(Submission).filter_by(instance_id=one(1)).one()
        row.sealed_xml = row.sealed_xml[:-1] + bytes([row.sealed_xml[-1] ^ 1])
    rows = table(travels.get(f"{S}.csv").text)
    assert [(row["KEY"], row["Status"], row["name"]) for row in rows][1] == (one(1), "not decrypted", "")


def test_encrypted_submissions_say_whether_their_files_came(place):
    publish(place)
    with place.make() as make:
        form = make.offered("travels")
        for number, uploads in ((1, [upload("submission.xml.enc")]), (2, [])):
            xml = make.instance(form, "<photo>submission.xml.enc</photo>", instance_id=one(number)).xml
            make.receive(read_instance(xml.replace(b"<data ", b'<data encrypted="yes" ')), form, *uploads)
    rows = table(place.script("manager").get(f"{S}.csv").text)
    assert {row["KEY"]: row["Status"] for row in rows} == {
        one(1): "not decrypted",
        one(2): "missing encrypted form data",
    }


def test_what_was_erased_is_left_out_and_counted_in_the_trail(place):
    place.publish()
    ids = [place.receive() for _number in range(2)]
    with place.database.begin() as session:
        root_id = session.get_one(Submission, ids[0]).root_id
        session.get_one(RootKey, root_id).wrapped = None
    script = place.script("manager")
    assert [row["KEY"] for row in table(script.get(f"{TALK}/submissions.csv").text)] == [place.instance_id(ids[1])]
    assert place.trail("submission.export")[0].facts["erased"] == 1


def test_a_text_with_a_carriage_return_stays_in_its_cell(place):
    publish(place)
    send(place, "<name>a&#13;b</name>")
    content = place.script("manager").get(f"{S}.csv").data
    assert b',"a\rb",' in content
    assert next(csv.DictReader(io.StringIO(content.decode(), newline="")))["name"] == "a\rb"


# Who gets what.


def talks(place, count, **more):
    place.publish()
    return [place.instance_id(place.receive(**more)) for _number in range(count)]


def test_managers_and_supervisors_get_every_column(place):
    talks(place, 1)
    for role in ("manager", "supervisor"):
        rows = table(place.script(role).get(f"{TALK}/submissions.csv").text)
        assert rows[0]["alias"] == "Zora (invented)"


def test_analysts_get_coded_columns_and_nothing_of_who_it_was(place):
    ids = talks(place, 10)
    found = unzip(place.script("analyst").get(f"{TALK}/submissions.csv.zip"))
    assert list(found) == ["talk.csv"]
    rows = table(found["talk.csv"])
    names = ["SubmissionDate", "wants", "KEY", "AttachmentsPresent", "AttachmentsExpected"]
    assert list(rows[0]) == [*names, "Status", "ReviewState", "Edits", "FormVersion"]
    assert {row["KEY"] for row in rows} == set(ids)
    assert {row["wants"] for row in rows} == {"yes"}


def test_analysts_get_nothing_of_less_than_ten(place):
    talks(place, 9)
    script = place.script("analyst")
    assert script.get(f"{TALK}/submissions.csv").text.count("\n") == 1
    place.receive()
    assert script.get(f"{TALK}/submissions.csv").text.count("\n") == 11
    some = f"{TALK}/submissions.csv?$filter=not (__id eq '{place.instance_id(1)}')"
    assert script.get(some).text.count("\n") == 1
    assert fault(script.get(f"{TALK}/submissions.csv?$filter=__system/submitterId eq 1000001")) == (501, 501.5)


def test_a_coded_column_gives_analysts_only_what_can_stand_in_it(place):
    talks(place, 10)
    place.receive("<wants>Zora Invented</wants>")
    rows = table(place.script("analyst").get(f"{TALK}/submissions.csv").text)
    assert sorted(row["wants"] for row in rows) == ["", *["yes"] * 10]
    assert "Zora Invented" in place.script("manager").get(f"{TALK}/submissions.csv").text


def test_an_instance_id_that_could_be_a_name_is_replaced_for_analysts(place):
    talks(place, 10)
    send(place, SAID, form="talk", instance_id="Zora Invented")
    keys = {row["KEY"] for row in table(place.script("analyst").get(f"{TALK}/submissions.csv").text)}
    assert not any("Zora" in key for key in keys)
    assert sum(key.startswith("id:") for key in keys) == 1


def test_a_version_whose_mapping_is_another_gives_analysts_what_that_one_allows(place):
    talks(place, 10)
    # In the second version the question feeds nothing any more.
    survey = [row.replace("| consent.answer", "|") for row in ROWS["survey"]]
    place.publish(
        workbook(
            survey=survey,
            settings=["Invented talk | talk | 2 | other"],
            case_records=["person | find_or_propose | | ${followup} | |"],
            case_codes=[],
        )
    )
    with place.make() as make:
        form = make.offered("talk")
        make.receive(make.instance(form, SAID, version="2"), form)
    script = place.script("analyst")
    assert "wants" not in script.get(f"{TALK}/submissions.csv").text.split("\n")[0]
    rows = table(script.get(f"{TALK}/submissions.csv?deletedFields=true").text)
    assert sorted(row["wants"] for row in rows) == ["", *["yes"] * 10]


@pytest.mark.parametrize("role", ["officer", "caseworker", "designer", "administrator", "auditor"])
def test_others_are_refused_and_it_is_recorded(place, role):
    talks(place, 1)
    script = place.script(role)
    for path in (f"{TALK}/submissions.csv", f"{TALK}/submissions.csv.zip", f"{TALK}.svc/Submissions", f"{TALK}.svc"):
        assert fault(script.get(path)) == (403, 403.1)
    assert len(place.refusals()) == 4
    assert place.trail("submission.export") == []


def test_nobody_unknown_gets_anything(place):
    talks(place, 1)
    assert fault(place.nobody().get(f"{TALK}/submissions.csv")) == (401, 401.2)


def test_a_form_that_is_not_there_is_404(place):
    assert fault(place.script("manager").get(f"{P}/forms/nothing/submissions.csv")) == (404, 404.1)


def test_other_agencies_submissions_stay_theirs(place):
    mine, theirs = place.agency("Mine"), place.agency("Theirs")
    own = talks(place, 10, agency=mine)
    place.receive(agency=theirs)
    found = table(place.script("analyst", agency=mine).get(f"{TALK}/submissions.csv").text)
    assert {row["KEY"] for row in found} == set(own)
    assert table(place.script("analyst", agency=theirs).get(f"{TALK}/submissions.csv").text) == []
    assert len(table(place.script("supervisor", agency=mine).get(f"{TALK}/submissions.csv").text)) == 11


# What it leaves behind.


def test_every_download_stands_in_the_trail(travels, place):
    travels.get(f"{S}.csv?formulas=neutral&$filter=__id eq '{one(1)}'")
    travels.get(f"{S}.csv.zip")
    first, second = place.trail("submission.export")
    assert first.actor == f"person:{travels.person_id}"
    assert first.facts == {"kind": "csv", "columns": 8, "submissions": 1, "formulas": "neutral", "filtered": True}
    assert second.facts == {"kind": "csv.zip", "columns": 11, "submissions": 2, "formulas": "keep", "files": True}
    with place.database.read() as session:
        assert first.subject == f"form:{get_form(session, 1, 'travels').id}"


def test_a_download_that_breaks_off_stands_in_the_trail_and_leaves_nothing_open(travels, place, monkeypatch):
    monkeypatch.setattr(pages, "MOST_ROWS", 1)
    for _again in range(2 * (turns.AT_ONCE + turns.IN_LINE)):
        answer = travels.get(f"{S}.csv", buffered=False)
        next(answer.iter_encoded())
        answer.close()
    assert len(place.trail("submission.export")) == 2 * (turns.AT_ONCE + turns.IN_LINE)
    assert place.database.engine.pool.checkedout() == 0


def test_what_nobody_has_changed_is_not_sent_again_and_leaves_no_trace(travels, place):
    answer = travels.get(f"{S}.csv")
    etag = answer.headers["ETag"]
    assert etag.startswith("W/")
    again = travels.get(f"{S}.csv", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert len(place.trail("submission.export")) == 1
    assert travels.get(f"{S}.csv?groupPaths=false", headers={"If-None-Match": etag}).status_code == 200
    assert place.script("supervisor").get(f"{S}.csv", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("change", ["submission", "correction", "file", "review", "version", "erasure"])
def test_every_change_is_a_new_state(travels, place, change):
    etag = travels.get(f"{S}.csv.zip").headers["ETag"]
    match change:
        case "submission":
            send(place, number=9)
        case "correction":
            send(place, number=9, corrects=one(1))
        case "file":
            with place.make() as make:
                form = make.offered("travels")
                held = make.submission(make.instance(form, instance_id=one(2)))
                assert held
                again = make.instance(form, NEARLY_EMPTY, instance_id=one(2))
                make.receive(again, form, upload("late.jpg", b"late"))
        case "review":
            travels.call("PATCH", f"{S}/{one(1)}", json={"reviewState": "approved"})
        case "version":
            publish(place, FORM.replace("travels | 1 |", "travels | 2 |"))
        case "erasure":
            with place.database.begin() as session:
                session.add(RootKey(root_id="x", kind="case", destroyed_at=NOON))
    assert travels.get(f"{S}.csv.zip", headers={"If-None-Match": etag}).status_code == 200


def test_a_locked_server_answers_503_and_gives_nothing(travels, place):
    whole: Keyring = place.database.keys
    place.database.keys = whole.intake
    for path in (f"{S}.csv", f"{S}.csv.zip", f"{TRAVELS}.svc/Submissions"):
        answer = travels.get(path)
        assert fault(answer) == (503, 503.1)
        assert answer.headers["Retry-After"]
    place.database.keys = whole
    assert place.trail("submission.export") == []


def test_what_fails_midway_breaks_the_transfer(travels, place, monkeypatch):
    monkeypatch.setattr(pages, "MOST_ROWS", 1)
    opened = pages._opened
    calls = []

    def fail(*arguments):
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("midway")
        return opened(*arguments)

    monkeypatch.setattr(pages, "_opened", fail)
    answer = travels.get(f"{S}.csv", buffered=False)
    assert answer.status_code == 200
    with pytest.raises(RuntimeError, match="midway"):
        b"".join(answer.iter_encoded())
    answer.close()
    monkeypatch.setattr(pages, "_opened", opened)
    assert travels.get(f"{S}.csv").data == expected("travels.csv")


def test_downloads_wait_for_each_other_and_too_many_are_sent_away(travels, monkeypatch):
    few = turns.Turns(at_once=1, in_line=1, patience=0.2)
    monkeypatch.setattr(disclosure.Stream.__init__, "__defaults__", (few,))
    monkeypatch.setattr(pages, "MOST_ROWS", 1)
    running = travels.get(f"{S}.csv", buffered=False)
    answer = travels.get(f"{S}.csv")
    assert fault(answer) == (503, 503.1)
    assert answer.headers["Retry-After"]
    running.close()
    assert travels.get(f"{S}.csv").status_code == 200


def test_a_turn_comes_when_another_is_given_back():
    few = turns.Turns(at_once=1, in_line=1, patience=20)
    few.take()
    waiting = threading.Thread(target=few.take)
    waiting.start()
    until = monotonic() + 20
    while few._places._value and monotonic() < until:
        sleep(0.01)
    with pytest.raises(turns.DownloadsBusy):
        few.take()
    few.give_back()
    waiting.join(20)
    assert not waiting.is_alive()


def test_large_tables_are_held_back_in_encrypted_spools_and_come_out_whole(travels, monkeypatch):
    whole = unzip(travels.get(f"{S}.csv.zip"))
    made = []

    class Spool(zip_files.EncryptedSpool):
        def __init__(self):
            made.append(self)
            super().__init__()

    monkeypatch.setattr(zip_files, "EncryptedSpool", Spool)
    monkeypatch.setattr(zip_files, "PIECE", 16)
    assert unzip(travels.get(f"{S}.csv.zip")) == whole
    assert len(made) == 3
    assert all(spool.closed for spool in made)


def test_repeats_of_one_name_have_files_of_their_own():
    repeats = ("a/stop", "b/stop", "c")
    questions = tuple(
        Question(f"/data/{path}/x", "x", "text", {}, {}, (), f"/data/{path}", f"/data/{path}", False)
        for path in repeats
    )
    groups = tuple(Group(f"/data/{path}", {}, True, "") for path in repeats)
    outline = Outline(FormDefinition("f/1", "1", "F", (), "", groups, questions, ()), ())
    form = FormTables(1, "f/1", tables_of([outline]), True, False, "", {}, outline)
    assert csv_tables.file_names(form) == ["f_1.csv", "f_1-stop~1.csv", "f_1-stop~2.csv", "f_1-c.csv"]
    assert csv_tables.unlike("f-a.csv", {"f-a.csv"}) == "f-a (2).csv"
