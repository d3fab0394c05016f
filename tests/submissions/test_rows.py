"""Submissions as rows of tables: which tables and columns a form has, and what stands in them."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from submissions.fields import Outline, tables_of
from submissions.rows import Reader, instance_parser
from xlsforms.definition import Choice, FormDefinition, Group, Question
from xlsforms.order import leaf_paths
from xlsforms.questions import read_form


def outline(*paths, repeats=(), readable=None, types=None):
    """A version with these questions, whose paths stand below /data."""

    def around(path):
        while path := path.rpartition("/")[0]:
            if path in repeats:
                return f"/data/{path}"
        return ""

    questions = tuple(
        Question(
            f"/data/{path}",
            path.rpartition("/")[2],
            (types or {}).get(path, "text"),
            {},
            {},
            (),
            around(path),
            "",
            False,
        )
        for path in paths
    )
    groups = tuple(Group(f"/data/{path}", {}, True, "") for path in repeats)
    definition = FormDefinition("f", "1", "F", (), "", groups, questions, ())
    named = None if readable is None else {f"/data/{path}": guard for path, guard in readable.items()}
    return Outline(definition, tuple(question.path for question in questions), named)


def told(tables):
    return [(table.path, ["/".join(field.steps) for field in table.fields]) for table in tables]


def rows(version, body, tables=None, root="data"):
    xml = f'<{root} id="f">{body}</{root}>'.encode()
    found = Reader(version, tables or tables_of([version])).read(etree.fromstring(xml, instance_parser()))
    return [[(row.place, row.parent, row.cells) for row in table] for table in found]


NESTED = outline("name", "g/age", "trip/from", "trip/by/means", "trip/stop/place", "end", repeats=("trip", "trip/stop"))


def test_each_repeat_is_a_table_with_columns_named_from_its_rows():
    assert told(tables_of([NESTED])) == [
        ("", ["name", "g/age", "end"]),
        ("trip", ["from", "by/means"]),
        ("trip/stop", ["place"]),
    ]
    assert [(table.parent, table.steps) for table in tables_of([NESTED])] == [
        (None, ()),
        (0, ("trip",)),
        (1, ("stop",)),
    ]


def test_a_repeat_in_a_group_keeps_the_groups_name():
    version = outline("g/trip/h/stop/place", repeats=("g/trip", "g/trip/h/stop"))
    assert [table.steps for table in tables_of([version])] == [(), ("g", "trip"), ("h", "stop")]
    found = rows(version, "<g><trip/><trip><h><stop/><stop><place>x</place></stop></h></trip></g>")
    assert found[1] == [("g/trip[1]", "", []), ("g/trip[2]", "", [])]
    assert found[2] == [
        ("g/trip[2]/h/stop[1]", "g/trip[2]", [""]),
        ("g/trip[2]/h/stop[2]", "g/trip[2]", ["x"]),
    ]


def test_tables_stand_depth_first_in_the_order_of_the_xml():
    version = outline("b/x", "a/y", "b/c/z", repeats=("a", "b", "b/c"))
    assert [table.path for table in tables_of([version])] == ["", "b", "b/c", "a"]


def test_texts_are_kept_with_their_blanks_and_lines():
    assert rows(NESTED, "<name>  a\n b </name><g><age/></g>")[0] == [("", "", ["  a\n b ", "", ""])]


def test_rows_are_numbered_within_the_row_around_them():
    body = "<trip><from>A</from><stop><place>1</place></stop><stop/></trip><trip><stop><place>2</place></stop></trip>"
    found = rows(NESTED, body)
    assert found[1] == [("trip[1]", "", ["A", ""]), ("trip[2]", "", ["", ""])]
    assert found[2] == [
        ("trip[1]/stop[1]", "trip[1]", ["1"]),
        ("trip[1]/stop[2]", "trip[1]", [""]),
        ("trip[2]/stop[1]", "trip[2]", ["2"]),
    ]


def test_names_of_the_first_element_and_namespaces_do_not_matter():
    body = '<name xmlns="urn:x">a</name><o:g xmlns:o="urn:o"><o:age>3</o:age></o:g>'
    assert rows(NESTED, body, root="other")[0] == [("", "", ["a", "3", ""])]


def test_what_is_no_question_and_what_holds_elements_is_passed_over():
    assert rows(NESTED, "<odd>x</odd><name><b>y</b></name><!-- z --><end>e</end>")[0] == [("", "", ["", "", "e"])]


def test_columns_of_older_versions_stand_where_they_stood():
    now, before = outline("a", "c", "d"), outline("z", "a", "b", "c", "e", "r/x", repeats=("r",))
    assert told(tables_of([now, before])) == [("", ["z", "a", "b", "c", "e", "d"]), ("r", ["x"])]
    assert told(tables_of([now])) == [("", ["a", "c", "d"])]
    assert rows(before, "<b>B</b><c>C</c>", tables_of([now]))[0] == [("", "", ["", "C", ""])]
    assert rows(before, "<b>B</b><c>C</c>", tables_of([now, before]))[0] == [("", "", ["", "", "B", "C", "", ""])]


def test_a_question_that_moved_into_a_repeat_is_another_column():
    now, before = outline("g/a", "b", repeats=("g",)), outline("g/a", "b")
    tables = tables_of([now, before])
    assert told(tables) == [("", ["g/a", "b"]), ("g", ["a"])]
    assert rows(before, "<g><a>x</a></g>", tables) == [[("", "", ["x", ""])], []]
    assert rows(now, "<g><a>x</a></g>", tables) == [[("", "", ["", ""])], [("g[1]", "", ["x"])]]
    assert rows(before, "<g><a>x</a></g>", tables_of([now])) == [[("", "", [""])], []]
    assert rows(now, "<g><a>x</a></g>", tables_of([before])) == [[("", "", ["", ""])]]


def test_what_may_not_be_read_is_no_column_and_no_table():
    version = outline("a", "b", "r/c", "r/s/d", "t/e", repeats=("r", "r/s", "t"), readable={"b": None, "r/s/d": None})
    tables = tables_of([version])
    assert told(tables) == [("", ["b"]), ("r", []), ("r/s", ["d"])]
    found = rows(version, "<a>1</a><b>2</b><r><c>3</c><s><d>4</d></s></r><t><e>5</e></t>", tables)
    assert [[cells for _place, _parent, cells in table] for table in found] == [[["2"]], [[]], [["4"]]]


def test_an_answer_that_fails_its_guard_is_left_out():
    version = outline("a", "r/b", repeats=("r",), readable={"a": str.isdigit, "r/b": str.isdigit})
    body = "<a>Invented</a><r><b>7</b></r><r><b>Invented</b></r>"
    assert [[cells for *_keys, cells in table] for table in rows(version, body)] == [[[""]], [["7"], [""]]]


def test_a_version_gives_nothing_where_only_another_may_be_read():
    open_, closed = outline("a", readable={"a": None}), outline("a", readable={})
    assert rows(closed, "<a>Invented</a>", tables_of([open_])) == [[("", "", [""])]]


def test_choices_come_with_their_column():
    question = Question("/data/q", "q", "select_multiple", {}, {}, (Choice("a", {}), Choice("b", {})), "", "", False)
    version = Outline(FormDefinition("f", "1", "F", (), "", (), (question,), ()), ())
    assert tables_of([version])[0].fields[0].choices == ("a", "b")


XFORM = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>F</h:title><model><instance>
<data id="f"><start/><g><calc/><age/></g><r jr:template=""><x/></r><r><x/></r><name/><meta><instanceID/></meta></data>
</instance><bind nodeset="/data/start" jr:preload="timestamp" jr:preloadParams="start"/>
<bind nodeset="/data/g/calc" calculate="1"/></model></h:head><h:body>
<input ref="/data/name"/><group ref="/data/g"><input ref="/data/g/age"/></group>
<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/x"/></repeat></group></h:body></h:html>"""


def test_columns_stand_in_the_order_of_the_xml_and_not_of_the_screen():
    definition, order = read_form(XFORM.encode()), leaf_paths(XFORM.encode())
    assert told(tables_of([Outline(definition, order)])) == [
        ("", ["start", "g/calc", "g/age", "name", "meta/instanceID"]),
        ("r", ["x"]),
    ]


NAMES = st.sampled_from(["a", "b", "c"])
BODIES = st.recursive(
    st.text("xyz \n", max_size=4), lambda inner: st.lists(st.tuples(NAMES, inner), max_size=4), max_leaves=30
)


def as_xml(body):
    return body if isinstance(body, str) else "".join(f"<{name}>{as_xml(inner)}</{name}>" for name, inner in body)


@settings(deadline=None)
@given(BODIES)
def test_whatever_is_sent_each_row_is_as_wide_as_its_table(body):
    version = outline("a", "b/a", "b/b", "b/c/a", repeats=("b", "b/c"))
    for table, found in zip(tables_of([version]), rows(version, as_xml(body)), strict=True):
        assert all(len(cells) == len(table.fields) for _place, _parent, cells in found)
        assert len({place for place, _parent, _cells in found}) == len(found)
