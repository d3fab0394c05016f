"""The form engine fills forms as a person at a tablet does. All people in these forms are invented."""

import csv
import io
import json
import re
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from tests.collect.building import APT_LINE, missing
from tests.collect.javarosa import Attachment, FormRefused, JavaRosa
from tests.collect.sheets import example, xform

ROOT = Path(__file__).parents[2]
INTERVIEW = example("interview")

TYPES = example("types")

NESTED = example("nested")

PLACES = example("places")
MEDIA = {
    "towns.csv": b"name,label,district,people\nta,Ta,a1,120\ntb,Tb,b1,340\n",
    "posts.geojson": b'{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "p1", '
    b'"properties": {"title": "Gate"}, "geometry": {"type": "Point", "coordinates": [1.5, 2.5]}}]}',
    "rivers.xml": b"<root><item><name>r1</name><label>Long</label></item>"
    b"<item><name>r2</name><label>Wide</label></item></root>",
}


def tree(xml: bytes) -> etree._Element:
    return etree.fromstring(xml)


def text(xml: bytes, path: str) -> str | None:
    found = tree(xml).find(path)
    return None if found is None else found.text or ""


def test_written_answers_stand_in_the_xml_that_the_tablet_sends(javarosa):
    filled = javarosa.fill(INTERVIEW, {"name": "Ana <&> Ω", "age": 71, "retired": "y", "home/town": "Ríobamba"})
    assert filled.xml.startswith(b"<?xml version='1.0' encoding='UTF-8' ?><data id=\"interview\" version=\"7\"")
    root = tree(filled.xml)
    assert [child.tag for child in root if child.text] == [
        *("start", "end", "today", "device", "name", "age", "born", "retired"),
    ]
    assert (text(filled.xml, "name"), text(filled.xml, "age"), text(filled.xml, "home/town")) == (
        "Ana <&> Ω",
        "71",
        "Ríobamba",
    )
    assert text(filled.xml, "born") == "1955"
    assert text(filled.xml, "meta/instanceName") == "Ana <&> Ω/71"


def test_what_is_not_relevant_is_left_out_and_what_is_empty_stays_an_empty_element(javarosa):
    filled = javarosa.fill(INTERVIEW, {"name": "Ana", "age": 30})
    assert b"<retired" not in filled.xml
    assert b"<home" not in filled.xml
    assert b"<officer />" in filled.xml
    answered = {answer.name: answer for answer in filled.answers}
    assert answered.keys() == {"name", "age", "thanks"}
    assert answered["thanks"].read_only


def test_an_answer_that_later_answers_make_irrelevant_is_reported_so(javarosa):
    form = xform("""
        | survey |
        |        | type    | name  | label | relevant      |
        |        | text    | early | Early | ${late} != 'x' |
        |        | text    | late  | Late  |               |
    """)
    filled = javarosa.fill(form, {"early": "here", "late": "x"})
    assert b"<early" not in filled.xml
    assert [answer.relevant for answer in filled.answers] == [False, True]


def test_each_instance_has_an_id_of_its_own_and_knows_tablet_person_and_time(javarosa):
    device = {"deviceid": "collect:abc", "username": "officer3", "time_zone": "Asia/Kolkata"}
    first, second = (javarosa.fill(INTERVIEW, {"name": "Ana"}, device=device) for _ in range(2))
    assert uuid.UUID(first.instance_id.removeprefix("uuid:")).version == 4
    assert first.instance_id != second.instance_id
    assert (text(first.xml, "device"), text(first.xml, "officer")) == ("collect:abc", "officer3")
    start, end = (datetime.fromisoformat(text(first.xml, name) or "") for name in ("start", "end"))
    assert start <= end
    assert end.utcoffset() == timedelta(hours=5, minutes=30)
    assert text(first.xml, "today") == end.date().isoformat()


def test_labels_are_reported_in_the_language_of_the_screen(javarosa):
    filled = javarosa.fill(INTERVIEW, {"name": "Ana", "age": 70, "retired": "y"}, language="Español (es)")
    retired = next(answer for answer in filled.answers if answer.name == "retired")
    assert (retired.label, retired.shown, retired.value) == ("¿Jubilado?", "Sí", "y")


@pytest.mark.parametrize(
    ("answers", "kind", "path"),
    [
        ({"name": "Ana", "age": 17}, "constraint", "/data/age"),
        ({"age": 20}, "required", "/data/name"),
        ({"name": "Ana", "agee": 20}, "unknown", "agee"),
        ({"name": "Ana", "/data/home": "x"}, "unknown", "/data/home"),
        ({"name": "Ana", "born": "1990"}, "unknown", "born"),
        ({"name": "Ana", "/data/born": "1990"}, "unknown", "/data/born"),
        ({"name": "Ana", "age": 40, "retired": "y"}, "unasked", "/data/retired"),
        ({"name": "Ana", "age": 70, "retired": "maybe"}, "value", "/data/retired"),
        ({"name": "Ana", "age": "many"}, "value", "/data/age"),
        ({"name": "Ana", "age": 1_234_567_890}, "value", "/data/age"),
        ({"name": "Ana", "thanks": "x"}, "readonly", "/data/thanks"),
    ],
)
def test_a_script_that_a_person_could_not_follow_is_refused(javarosa, answers, kind, path):
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(INTERVIEW, answers, fill_required=False)
    assert (refused.value.kind, refused.value.path) == (kind, path)


def test_a_refusal_says_what_the_screen_says(javarosa):
    with pytest.raises(FormRefused, match="Adults only"):
        javarosa.fill(INTERVIEW, {"name": "Ana", "age": 3})
    with pytest.raises(FormRefused, match="We need some name"):
        javarosa.fill(INTERVIEW, {}, fill_required=False)


def test_a_lenient_walk_goes_on_without_the_answers_that_were_not_accepted(javarosa):
    filled = javarosa.fill(INTERVIEW, {"name": "Ana", "age": 3, "retired": "y", "nothing": 1}, strict=False)
    assert text(filled.xml, "age") == ""
    assert [violation["path"] for violation in filled.report["violations"]] == ["/data/age"]
    assert [unused["kind"] for unused in filled.report["unused"]] == ["unknown", "unasked"]


def test_required_questions_that_the_script_left_out_are_answered_anyhow(javarosa):
    assert text(javarosa.fill(INTERVIEW).xml, "name")


def test_every_type_is_written_as_collect_writes_it(javarosa):
    answers = {
        "text": "two\nlines",
        "code": "AB-1234",
        "whole": 18,
        "part": 1.25,
        "day": "2024-02-29",
        "clock": "17:05",
        "moment": "2024-02-29T17:05:30",
        "one": "g",
        "many": ["r", "b"],
        "none": "g b",
        "order": ["b", "r", "g"],
        "point": "1.5 -2.25 30 4.5",
        "trace": ["1 2", "3 4"],
        "shape": "1 2 0 0; 3 4 0 0; 5 6 0 0; 1 2 0 0",
        "bars": "4006381333931",
        "agreed": True,
        "scale": 7,
        "fine": 0.75,
        "photo": Attachment(size=5_000),
        "paper": Attachment(name="letter é.pdf", content=b"%PDF-1.4 invented"),
        "voice": b"ID3 invented",
    }
    filled = javarosa.fill(TYPES, answers, device={"time_zone": "Africa/Nairobi"})
    written = {child.tag: child.text or "" for child in tree(filled.xml)}
    assert written["photo"].endswith(".jpg")
    assert written["voice"].endswith(".m4a")
    expected = {
        "text": "two\nlines",
        "code": "AB-1234",
        "whole": "18",
        "part": "1.25",
        "day": "2024-02-29",
        "clock": "17:05:00.000+03:00",
        "moment": "2024-02-29T17:05:30.000+03:00",
        "one": "g",
        "many": "r b",
        "none": "g b",
        "order": "b r g",
        "point": "1.5 -2.25 30.0 4.5",
        "trace": "1.0 2.0 0.0 0.0; 3.0 4.0 0.0 0.0",
        "shape": "1.0 2.0 0.0 0.0; 3.0 4.0 0.0 0.0; 5.0 6.0 0.0 0.0; 1.0 2.0 0.0 0.0",
        "bars": "4006381333931",
        "agreed": "OK",
        "scale": "7",
        "fine": "0.75",
        "paper": "letter é.pdf",
        "film": "",
        "sign": "",
    }
    assert {name: written[name] for name in expected} == expected
    assert set(filled.files) == {written["photo"], written["voice"], "letter é.pdf"}
    assert filled.files["letter é.pdf"] == b"%PDF-1.4 invented"
    assert filled.files[written["voice"]] == b"ID3 invented"
    assert len(filled.files[written["photo"]]) == 5_000
    assert filled.files[written["photo"]].startswith(b"\xff\xd8\xff")


def test_a_seed_finds_answers_that_every_constraint_accepts(javarosa):
    seen: set[str] = set()
    for seed in range(25):
        filled = javarosa.fill(TYPES, seed=seed, skip=0.1)
        written = {child.tag: child.text for child in tree(filled.xml) if child.text}
        seen |= written.keys()
        assert re.fullmatch(r"[A-Z]{2}-[1-3][0-9]{3,4}", written.get("code", "AB-1000"))
        assert 17 < int(written.get("whole", 18)) < 66
        assert 0.5 <= float(written.get("part", 1)) <= 1.5
        assert date(2020, 1, 1) < date.fromisoformat(written.get("day", "2021-01-01")) <= date.today()
        assert len(written.get("many", "").split()) <= 2
        assert "r" not in written.get("none", "").split() or written["none"] == "r"
        assert sorted(written.get("order", "r g b").split()) == ["b", "g", "r"]
        assert 1 <= int(written.get("scale", 1)) <= 10
        assert float(written.get("fine", 0)) * 4 % 1 == 0
        assert set(filled.files) == {
            written[name] for name in ("photo", "sign", "voice", "film", "paper") if name in written
        }
    assert seen >= {child.tag for child in tree(filled.xml)} - {"meta"}


def test_the_same_seed_gives_the_same_answers_and_another_one_others(javarosa):
    def answers(seed: int) -> list[tuple[str, str | None]]:
        named = {"day", "clock", "moment", "photo", "sign", "voice", "film", "paper"}  # These follow today's clock.
        return [
            (answer.path, answer.value)
            for answer in javarosa.fill(TYPES, seed=seed).answers
            if answer.name not in named
        ]

    assert answers(5) == answers(5)
    assert answers(5) != answers(6)


def test_skipping_nothing_answers_everything_and_skipping_all_nothing(javarosa):
    full, bare = (javarosa.fill(TYPES, seed=1, skip=skip) for skip in (0.0, 1.0))
    assert all(answer.value for answer in full.answers)
    assert not any(answer.value for answer in bare.answers)


def test_a_written_answer_stands_where_a_seed_answers_the_rest(javarosa):
    filled = javarosa.fill(INTERVIEW, {"age": 99}, seed=3, skip=0.0)
    assert text(filled.xml, "age") == "99"
    assert text(filled.xml, "retired") in ("y", "n")


def test_an_answer_that_nothing_can_satisfy_is_said_so(javarosa):
    form = xform("""
        | survey |
        |        | type    | name | label | constraint        | required |
        |        | integer | n    | N     | . > 5 and . < 5   | yes      |
    """)
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(form, seed=1)
    assert (refused.value.kind, refused.value.path) == ("unsatisfied", "/data/n")


def test_a_seed_finds_a_code_with_a_check_digit(javarosa):
    form = xform("""
        | survey |
        |        | type | name | label | constraint | required |
        |        | text | code | Code  | regex(., '^C-[0-9]{4}$') and number(substr(., 2)) mod 37 = 0 | yes |
    """)
    for seed in range(5):
        assert int((text(javarosa.fill(form, seed=seed).xml, "code") or "").removeprefix("C-")) % 37 == 0


def test_a_constraint_that_a_later_answer_breaks_is_mended_as_the_finalize_screen_demands(javarosa):
    form = xform("""
        | survey |
        |        | type    | name | label | constraint                  | required |
        |        | integer | low  | Low   | ${high} = '' or . < ${high} | yes      |
        |        | integer | high | High  |                             | yes      |
    """)
    for seed in range(10):
        filled = javarosa.fill(form, seed=seed)
        assert int(text(filled.xml, "low") or "") < int(text(filled.xml, "high") or "")
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(form, {"low": 5, "high": 4})
    assert (refused.value.kind, refused.value.path) == ("constraint", "/data/low")


def test_repeats_are_written_as_lists_and_nest(javarosa):
    people = [{"called": "Bo", "journey": [{"to": "x"}, {"to": "y"}]}, {"called": "Di", "journey": []}]
    filled = javarosa.fill(NESTED, {"family": "F", "person": people, "rooms": 2, "room[2]/used_for": "sleep"})
    persons = tree(filled.xml).findall("person")
    assert [[element.text for element in person.findall("journey/to")] for person in persons] == [["x", "y"], []]
    assert [person.findtext("trips") for person in persons] == ["2", "0"]
    assert [room.findtext("used_for") for room in tree(filled.xml).findall("room")] == ["", "sleep"]
    assert "/data/person[1]/journey[2]/to" in {answer.path for answer in filled.answers}


def test_repeats_can_be_counted_named_by_position_or_left_as_they_are(javarosa):
    def persons(answers: dict[str, object]) -> list[str | None]:
        return [person.findtext("called") for person in tree(javarosa.fill(NESTED, answers).xml).findall("person")]

    assert persons({}) == [""]
    assert persons({"person": 0}) == []
    assert persons({"person": 3}) == ["", "", ""]
    assert persons({"/data/person[2]/called": "second"}) == ["", "second"]
    assert persons({"person": [{}, {}], "called": "everybody"}) == ["everybody", "everybody"]
    assert persons({"person": [{}, {}], "called": "most", "/data/person[2]/called": "one"}) == ["most", "one"]


def test_a_repeat_that_the_form_counts_takes_no_more(javarosa):
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(NESTED, {"rooms": 1, "room": [{"used_for": "a"}, {"used_for": "b"}]})
    assert refused.value.kind == "repeat"


def test_a_counted_repeat_keeps_its_first_instance_even_at_nought_and_never_loses_one(javarosa):
    assert len(tree(javarosa.fill(NESTED, {"rooms": 0}).xml).findall("room")) == 1
    three = javarosa.fill(NESTED, {"rooms": 3})
    assert len(tree(javarosa.fill(NESTED, {"rooms": 1}, edit=three.xml).xml).findall("room")) == 3


def test_a_seed_adds_none_to_three_instances_of_a_repeat(javarosa):
    counts = {len(tree(javarosa.fill(NESTED, seed=seed, repeats=3).xml).findall("person")) for seed in range(20)}
    assert counts == {0, 1, 2, 3}


def test_choices_follow_earlier_answers_and_files_beside_the_form(javarosa):
    answers = {"country": "a", "district": "a1", "town": "ta", "post": "p1", "rivers": ["r1", "r2"]}
    filled = javarosa.fill(PLACES, answers, media=MEDIA)
    assert text(filled.xml, "people") == "120"
    assert {answer.name: answer.shown for answer in filled.answers}["town"] == "Ta"
    with pytest.raises(FormRefused, match="does not offer the choice b1"):
        javarosa.fill(PLACES, {"country": "a", "district": "b1"}, media=MEDIA)
    with pytest.raises(FormRefused, match="does not offer the choice tb"):
        javarosa.fill(PLACES, {"country": "a", "district": "a1", "town": "tb"}, media=MEDIA)


def test_seeds_walk_down_a_cascade(javarosa):
    for seed in range(8):
        xml = javarosa.fill(PLACES, seed=seed, skip=0.0, media=MEDIA).xml
        assert (text(xml, "country"), text(xml, "district"), text(xml, "town")) in {
            ("a", "a1", "ta"),
            ("b", "b1", "tb"),
        }


def test_a_form_whose_file_is_missing_is_refused_and_opens_once_it_is_there(javarosa, tmp_path):
    for name, content in MEDIA.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "towns.csv").unlink()
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(PLACES, {}, media=tmp_path)
    assert (refused.value.kind, refused.value.path) == ("media", "towns")
    (tmp_path / "towns.csv").write_bytes(b"name,label,district,people\nnew,New,a1,7\n")
    assert (
        text(javarosa.fill(PLACES, {"country": "a", "district": "a1", "town": "new"}, media=tmp_path).xml, "people")
        == "7"
    )


def test_background_location_recording_and_audit_log_come_without_being_asked(javarosa):
    form = xform("""
        | survey |
        |        | type             | name     | label | parameters                           |
        |        | start-geopoint   | where    |       |                                      |
        |        | background-audio | sound    |       |                                      |
        |        | audit            | audit    |       | track-changes=true identify-user=true |
        |        | text             | name     | Name  |                                      |
    """)
    device = {"location": "1.5 2.5 10 3", "username": "officer, third"}
    filled = javarosa.fill(form, {"name": 'says "hi", twice'}, device=device)
    assert text(filled.xml, "where") == "1.5 2.5 10.0 3.0"
    assert text(filled.xml, "meta/audit") == "audit.csv"
    assert set(filled.files) == {"audit.csv", text(filled.xml, "sound")}
    rows = list(csv.DictReader(io.StringIO(filled.files["audit.csv"].decode())))
    assert [row["event"] for row in rows] == [
        "form start",
        "question",
        "end screen",
        "form save",
        "form exit",
        "form finalize",
    ]
    assert (rows[1]["node"], rows[1]["user"]) == ("/data/name", "officer, third")
    assert (rows[1]["old-value"], rows[1]["new-value"]) == ("", 'says "hi", twice')
    assert int(rows[1]["start"]) < int(rows[1]["end"])


def test_a_form_closed_as_draft_and_opened_again_says_the_same(javarosa):
    people = [{"called": "Bo", "journey": [{"to": "x"}, {"to": "y"}]}, {"called": "Di", "journey": 0}]
    answers = {"family": "F", "person": people, "rooms": 2, "room": [{"used_for": "a"}, {"used_for": "b"}]}
    straight, resumed = (javarosa.fill(NESTED, answers, through_draft=draft) for draft in (False, True))
    assert _without_id(straight.xml) == _without_id(resumed.xml)
    full = javarosa.fill(TYPES, seed=4, skip=0.0, through_draft=True)
    assert all(answer.value for answer in full.answers)


def _without_id(xml: bytes) -> bytes:
    root = tree(xml)
    for element in root.iter("instanceID"):
        element.text = ""
    return etree.tostring(root, method="c14n")


def test_a_form_opened_again_from_the_cache_says_the_same(javarosa):
    fresh = INTERVIEW.replace(b"Thank you", uuid.uuid4().hex.encode())
    answers = {"name": "Ana", "age": 70, "retired": "n"}
    first, second = (javarosa.fill(fresh, answers) for _ in range(2))
    assert [child.tag for child in tree(first.xml)] == [child.tag for child in tree(second.xml)]
    assert first.answers == second.answers


def test_an_edit_is_an_instance_of_its_own_that_names_the_one_it_replaces(javarosa):
    sent = javarosa.fill(INTERVIEW, {"name": "Ana", "age": 70, "retired": "y", "town": "Ta"})
    edited = javarosa.fill(INTERVIEW, {"age": 30}, edit=sent.xml)
    assert edited.instance_id not in ("", sent.instance_id)
    assert text(edited.xml, "meta/deprecatedID") == sent.instance_id
    assert (text(edited.xml, "name"), text(edited.xml, "age"), text(edited.xml, "retired")) == ("Ana", "30", None)
    again = javarosa.fill(INTERVIEW, {"name": "Anna"}, edit=edited.xml)
    assert text(again.xml, "meta/deprecatedID") == edited.instance_id
    assert again.xml.count(b"<deprecatedID>") == 1


def test_a_form_can_read_what_was_saved_last(javarosa):
    form = xform("""
        | survey |
        |        | type    | name  | label | default               | relevant |
        |        | integer | count | Count | ${last-saved#count}+1 |          |
        |        | text    | town  | Town  | ${last-saved#town}    |          |
    """)
    first = javarosa.fill(form, {"count": 4, "town": "Ta"})
    second = javarosa.fill(form, last_saved=first.saved)
    assert (text(second.xml, "count"), text(second.xml, "town")) == ("5", "Ta")
    assert text(javarosa.fill(form).xml, "town") == ""


def test_a_broken_form_is_the_engines_error_and_the_next_form_is_filled(javarosa):
    with pytest.raises(FormRefused) as refused:
        javarosa.fill(b"<h:html xmlns:h='http://www.w3.org/1999/xhtml'><h:head/></h:html>")
    assert refused.value.kind == "engine"
    assert javarosa.fill(INTERVIEW, {"name": "Ana"}).instance_id


def test_a_machine_without_a_java_compiler_is_told_what_to_install(javarosa, monkeypatch):
    assert missing() is None
    monkeypatch.setenv("PATH", "")
    assert APT_LINE in (missing() or "")


def test_a_form_can_be_filled_by_hand(javarosa, tmp_path):
    (tmp_path / "form.xml").write_bytes(TYPES)
    command = [sys.executable, "-m", "tests.collect", "fill", tmp_path / "form.xml", "--files", tmp_path]
    answers = json.dumps({"text": "by hand", "photo": {"name": "p.jpg", "size": 700}})
    done = subprocess.run([*command, "--answers", answers], capture_output=True, check=True, cwd=ROOT)
    assert text(done.stdout, "text") == "by hand"
    assert (tmp_path / "p.jpg").stat().st_size == 700
    refused = subprocess.run([*command, "--answers", '{"x": 1}'], capture_output=True, text=True, cwd=ROOT)
    assert (refused.returncode, refused.stderr.strip()) == (1, "unknown: x: the form has no such question")


def test_several_threads_share_one_engine(javarosa):
    with ThreadPoolExecutor(6) as pool:
        names = [f"person {number}" for number in range(24)]
        filled = list(pool.map(lambda name: javarosa.fill(INTERVIEW, {"name": name}), names))
    assert [text(one.xml, "name") for one in filled] == names
    assert len({one.instance_id for one in filled}) == 24


def test_an_engine_that_does_not_answer_in_time_is_replaced(javarosa):
    with JavaRosa(timeout=0.001) as hasty:
        with pytest.raises(FormRefused, match="no answer within"):
            hasty.fill(INTERVIEW, {"name": "Ana"})
        hasty.timeout = 60.0
        assert hasty.fill(INTERVIEW, {"name": "Ana"}).instance_id
