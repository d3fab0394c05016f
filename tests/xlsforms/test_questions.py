import json

import pytest
from lxml import etree

from tests.xlsforms.books import book
from xlsforms.compile import compile_form
from xlsforms.questions import FormDefinition, UnreadableForm, read_form

MANY_TYPES = """
| survey |
| | type | name | label::English (en) | label::Español (es) | hint::English (en) | hint::Español (es) | calculation |
| | start | start | | | | | |
| | today | today | | | | | |
| | deviceid | tablet | | | | | |
| | username | officer | | | | | |
| | audit | | | | | | |
| | start-geopoint | where | | | | | |
| | note | hello | Hello **you** | Hola | | | |
| | text | alias | Name to use | Nombre | Not the real one | No el verdadero | |
| | calculate | twice | | | | | 1 + 1 |
| | begin_group | g | About ${alias} | Sobre ${alias} | | | |
| | integer | age | Age of ${alias} now | Edad | | | |
| | select_one yn | fine | Fine? | ¿Bien? | | | |
| | select_multiple yn | all | All? | ¿Todo? | | | |
| | begin_repeat | r | Place | Lugar | | | |
| | date | since | Since | Desde | | | |
| | select_one ${since} | which | Which | Cual | | | |
| | end_repeat | | | | | | |
| | end_group | | | | | | |
| | rank yn | order | Order | Orden | | | |
| | range | pain | Pain | Dolor | | | |
| | image | photo | Photo | Foto | | | |
| | audio | voice | Voice | Voz | | | |
| | video | film | Film | Video | | | |
| | file | paper | Paper | Papel | | | |
| | acknowledge | ok | OK | OK | | | |
| | barcode | code | Code | Código | | | |
| | decimal | pay | Pay | Pago | | | |
| | time | at | At | A las | | | |
| | dateTime | moment | Moment | Momento | | | |
| | geopoint | point | Point | Punto | | | |
| | geotrace | line | Line | Línea | | | |
| | geoshape | field | Field | Campo | | | |
| | text | shown | Shown | Visto | | | ${alias} |
| | select_one_from_file places.csv | place | Place | Lugar | | | |
| | hidden | secret | | | | | |
| choices |
| | list_name | name | label::English (en) | label::Español (es) | image |
| | yn | yes | Yes | Sí | yes.png |
| | yn | no | No | No | - |
| settings |
| | form_id | version | form_title | default_language | instance_name |
| | many | 3 | Many types | Español (es) | concat('x', ${age}) |
"""
TYPES = {
    "/data/hello": "note",
    "/data/alias": "text",
    "/data/g/age": "integer",
    "/data/g/fine": "select_one",
    "/data/g/all": "select_multiple",
    "/data/g/r/since": "date",
    "/data/g/r/which": "select_one",
    "/data/order": "rank",
    "/data/pain": "range",
    "/data/photo": "image",
    "/data/voice": "audio",
    "/data/film": "video",
    "/data/paper": "file",
    "/data/ok": "acknowledge",
    "/data/code": "barcode",
    "/data/pay": "decimal",
    "/data/at": "time",
    "/data/moment": "dateTime",
    "/data/point": "geopoint",
    "/data/line": "geotrace",
    "/data/field": "geoshape",
    "/data/shown": "text",
    "/data/place": "select_one",
    "/data/start": "start",
    "/data/today": "today",
    "/data/tablet": "deviceid",
    "/data/officer": "username",
    "/data/where": "start-geopoint",
    "/data/twice": "calculate",
    "/data/secret": "hidden",
    "/data/meta/audit": "audit",
    "/data/meta/instanceID": "instanceID",
    "/data/meta/instanceName": "instanceName",
}


@pytest.fixture(scope="module")
def many() -> tuple[bytes, FormDefinition]:
    compiled = compile_form(book(MANY_TYPES))
    return compiled.xform, compiled.definition


def xform(model: str, body: str, attributes: str = 'id="f" version="1"') -> bytes:
    return f"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
      xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>T</h:title><model>
      <instance><data {attributes}>{model}</model></h:head><h:body>{body}</h:body></h:html>""".encode()


def test_questions_come_as_the_form_shows_them_then_what_it_does_not_show(many):
    assert [(question.path, question.type) for question in many[1].questions] == list(TYPES.items())


def test_labels_and_hints_come_in_each_language_with_references_kept(many):
    definition = many[1]
    assert definition.languages == ("English (en)", "Español (es)")
    assert definition.default_language == "Español (es)"
    age, alias = definition.question("/data/g/age"), definition.question("/data/alias")
    assert age.labels == {"English (en)": "Age of ${alias} now", "Español (es)": "Edad"}
    assert alias.hints == {"English (en)": "Not the real one", "Español (es)": "No el verdadero"}


def test_groups_and_repeats_nest_and_have_labels(many):
    group, repeat = many[1].groups
    assert (group.path, group.repeat, group.parent) == ("/data/g", False, "")
    assert (repeat.path, repeat.repeat, repeat.parent) == ("/data/g/r", True, "/data/g")
    assert repeat.labels == {"English (en)": "Place", "Español (es)": "Lugar"}
    since, age = many[1].question("/data/g/r/since"), many[1].question("/data/g/age")
    assert (since.group, since.repeat) == ("/data/g/r", "/data/g/r")
    assert (age.group, age.repeat) == ("/data/g", "")


def test_choices_have_labels_and_those_from_files_or_answers_have_none(many):
    fine = many[1].question("/data/g/fine")
    assert [(choice.name, choice.labels["Español (es)"]) for choice in fine.choices] == [("yes", "Sí"), ("no", "No")]
    assert many[1].question("/data/place").choices == ()
    assert many[1].question("/data/g/r/which").choices == ()


def test_the_files_that_a_form_needs_are_listed(many):
    assert set(many[1].media) == {"places.csv", "yes.png"}


def test_every_question_stands_in_the_primary_instance(many):
    root = etree.fromstring(many[0])
    instance = root.find(".//{http://www.w3.org/2002/xforms}instance")[0]
    paths = {
        "/" + "/".join(etree.QName(step).localname for step in [*reversed([*element.iterancestors()][:-4]), element])
        for element in instance.iter(etree.Element)
    }
    assert {question.path for question in many[1].questions} <= paths
    assert {group.path for group in many[1].groups} <= paths


def test_a_definition_is_the_same_after_json(many):
    told = json.loads(json.dumps(many[1].to_json()))
    assert FormDefinition.from_json(told) == many[1]
    assert len(told["lists"]) == 1, "a list used by several questions is kept once"


def test_a_form_without_translations_has_its_labels_under_no_language():
    table = "| survey | | | |\n| | type | name | label |\n| | text | a | A |"
    definition = compile_form(book(table)).definition
    assert definition.languages == ()
    assert definition.questions[0].labels == {"": "A"}


def test_what_the_form_demands_of_answers_is_read():
    definition = compile_form(
        book(
            """
            | survey | | | | | | | |
            | | type | name | label | required | relevant | constraint | constraint_message |
            | | text | a | A | yes | | | |
            | | integer | b | B | no | ${a} != '' | . > 3 | More |
            """
        )
    ).definition
    a, b = definition.questions[:2]
    assert (a.required, b.required) == (True, False)
    assert " ".join(b.relevant.split()) == "/data/a != ''"
    assert b.constraint == ". > 3"


def test_choices_of_a_filtered_list_are_all_there():
    definition = compile_form(
        book(
            """
            | survey | | | | |
            | | type | name | label | choice_filter |
            | | text | d | D | |
            | | select_one v | x | X | district = ${d} |
            | choices | | | | |
            | | list_name | name | label | district |
            | | v | one | One | n |
            | | v | two | Two | s |
            """
        )
    ).definition
    assert [choice.name for choice in definition.question("/data/x").choices] == ["one", "two"]


def test_a_form_that_another_program_wrote_is_read_all_the_same():
    definition = read_form(
        xform(
            "<who/><orx:meta><orx:instanceID/></orx:meta></data></instance>"
            '<bind id="w" nodeset="/data/who" type="string" required="true()"/>'
            '<bind nodeset="/data/orx:meta/orx:instanceID" jr:preload="uid" type="string"/>',
            '<group><label>Nothing but looks</label><input bind="w"><label>Who? <output value="/data/who"/></label>'
            "</input></group>",
            'id="f" orx:version="9"',
        )
    )
    assert (definition.form_id, definition.version, definition.title, definition.groups) == ("f", "9", "T", ())
    who, instance_id = definition.questions
    assert (who.path, who.required, who.labels, who.group) == ("/data/who", True, {"": "Who? ${who}"}, "")
    assert (instance_id.path, instance_id.type) == ("/data/meta/instanceID", "instanceID")


def test_relative_references_mean_what_stands_around_them():
    definition = read_form(
        xform(
            "<g><a/><r><b/></r></g></data></instance>",
            '<group ref="/data/g"><label>G</label><input ref="a"><label>A</label></input>'
            '<group><label>R</label><repeat nodeset="r"><input ref="b"><label>B</label></input></repeat></group>'
            "</group>",
        )
    )
    assert [(group.path, group.repeat, group.labels) for group in definition.groups] == [
        *[("/data/g", False, {"": "G"}), ("/data/g/r", True, {"": "R"})]
    ]
    assert [question.path for question in definition.questions] == ["/data/g/a", "/data/g/r/b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not well-formed"),
        (b"<html><head/></html>", "not an XForm"),
        (xform("</data></instance>", "", ""), "no id"),
        (xform("</data></instance>", "").replace(b"<h:title>T", b"<h:title>"), "no title"),
        (b'<!DOCTYPE x [<!ENTITY e "x">]>' + xform("<a>&e;</a></data></instance>", ""), "DOCTYPE"),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">' + xform("<a/></data></instance>", ""), "DOCTYPE"),
        (b"<a>" * 100_000, "not well-formed"),
    ],
)
def test_what_is_no_form_is_refused_in_words(content, words):
    with pytest.raises(UnreadableForm, match=words):
        read_form(content)
