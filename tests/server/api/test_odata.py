"""A form as an OData service: documents, paging, filters, and what is refused by which number."""

import base64
import json

import pytest
from lxml import etree

from server.api.odata.values import CONVERTERS, WKT
from tests.make import upload
from tests.server.api.scripts import TALK, P, fault
from tests.server.api.travels import (
    EDM,
    FORM,
    FULL,
    NEARLY_EMPTY,
    STOPS,
    SVC,
    TRIPS,
    below,
    ids,
    one,
    pages,
    publish,
    read,
    send,
)


@pytest.fixture
def travels(place):
    publish(place)
    send(place, FULL, upload("p.jpg", b"a photo"), number=1, tablet="Tablet A")
    send(place, NEARLY_EMPTY, number=2, tablet="Tablet B")
    return place.script("supervisor")


# What the service says of itself.


def test_the_service_names_its_tables(travels, place):
    told = read(travels, SVC)
    assert told["@odata.context"] == f"{place.running.settings.base_url}{SVC}/$metadata"
    names = ["Submissions", "Submissions.trip", "Submissions.trip.way.stop", "Submissions.later.visit"]
    assert told["value"] == [{"name": name, "kind": "EntitySet", "url": name} for name in names]


def test_the_metadata_describes_every_property(travels):
    answer = travels.get(f"{SVC}/$metadata")
    assert (answer.headers["Content-Type"], answer.headers["OData-Version"]) == ("application/xml", "4.0")
    root = etree.fromstring(answer.data)
    assert root.get("Version") == "4.0"
    types = {one.get("Name"): one for one in root.iter(f"{EDM}EntityType", f"{EDM}ComplexType")}

    def told(name):
        found = types[name].iter(f"{EDM}Property", f"{EDM}NavigationProperty")
        return {one.get("Name"): one.get("Type").replace("org.opendatakit.user.travels", "~") for one in found}

    assert told("Submissions") == {
        "__id": "Edm.String",
        "__system": "org.opendatakit.submission.metadata",
        "begun": "Edm.DateTimeOffset",
        "name": "Edm.String",
        "who": "~.who",
        "photo": "Edm.String",
        "meta": "~.meta",
        "trip": "Collection(~.Submissions.trip)",
        "later": "~.later",
    }
    assert told("who") == {
        "age": "Edm.Int64",
        "height": "Edm.Decimal",
        "held": "Edm.String",
        "home": "Edm.GeographyPoint",
    }
    assert told("later") == {"visit": "Collection(~.Submissions.later.visit)"}
    assert told("Submissions.trip") == {
        "__id": "Edm.String",
        "__Submissions-id": "Edm.String",
        "from": "Edm.String",
        "way": "~.trip.way",
    }
    assert told("trip.way") == {"stop": "Collection(~.Submissions.trip.way.stop)"}
    assert told("Submissions.trip.way.stop") == {
        "__id": "Edm.String",
        "__Submissions-trip-id": "Edm.String",
        "place": "Edm.String",
    }
    assert len(told("metadata")) == 12
    assert [one.get("Name") for one in root.iter(f"{EDM}EntityContainer")] == ["travels"]


def test_names_that_are_no_identifiers_become_some(place):
    place.publish(FORM.replace("| text | name |", "| text | na-me |").replace("integer | age", "integer | _1.a"))
    send(place, "<na-me>x</na-me><who><_1.a>3</_1.a></who>")
    script = place.script("manager")
    (row,) = read(script, f"{SVC}/Submissions")["value"]
    assert (row["na_me"], row["who"]["_1_a"]) == ("x", 3)
    assert 'Name="na_me"' in script.get(f"{SVC}/$metadata").text


def test_names_that_become_alike_stay_apart(place):
    place.publish(
        FORM.replace("| text | name | Name | |", "| text | a-b | A | |\n| | text | a_b | B | |\n| | text | a.b | C | |")
    )
    send(place, "<a-b>1</a-b><a_b>2</a_b><a.b>3</a.b>")
    (row,) = read(place.script("manager"), f"{SVC}/Submissions")["value"]
    assert [row[name] for name in ("a_b", "a_b_", "a_b__")] == ["1", "2", "3"]


# Rows.


def test_a_submission_is_a_row_with_groups_in_it(travels, place):
    told = read(travels, f"{SVC}/Submissions")
    assert told["@odata.context"].endswith("/travels.svc/$metadata#Submissions")
    assert list(told) == ["value", "@odata.context"]
    assert ids(told) == [one(2), one(1)]
    assert told["value"][1] == {
        "__id": one(1),
        "__system": {
            "submissionDate": "2026-05-03T12:01:00.000Z",
            "updatedAt": None,
            "deletedAt": None,
            "submitterId": "1000001",
            "submitterName": "Tablet A",
            "attachmentsPresent": 1,
            "attachmentsExpected": 1,
            "status": None,
            "reviewState": None,
            "deviceId": None,
            "edits": 0,
            "formVersion": "1",
        },
        "begun": "2026-05-03T05:58:00.000-06:00",
        "name": 'Zora "Z", (invented)',
        "who": {
            "age": 31,
            "height": 1.7,
            "held": "id other",
            "home": {"type": "Point", "coordinates": [-88.76, 17.25, 12.5], "properties": {"accuracy": 4.0}},
        },
        "trip@odata.navigationLink": f"Submissions('{one(1)}')/trip",
        "later": {"visit@odata.navigationLink": f"Submissions('{one(1)}')/later/visit"},
        "photo": "p.jpg",
        "meta": {"instanceID": one(1)},
    }
    empty = told["value"][0]
    assert (empty["begun"], empty["who"]["age"], empty["photo"]) == (None, None, None)
    assert empty["who"]["home"]["coordinates"] == [2.0, -1.0]


def test_rows_of_repeats_name_the_row_around_them(travels):
    trips, stops = read(travels, TRIPS), read(travels, STOPS)
    assert [row["from"] for row in trips["value"]] == ["Ta", " Tb ", None]
    assert {row["__Submissions-id"] for row in trips["value"]} == {one(1)}
    around = [trips["value"][at]["__id"] for at in (0, 0, 2)]
    assert [row["__Submissions-trip-id"] for row in stops["value"]] == around
    assert [row["place"] for row in stops["value"]] == ["one\nline more", "two", "=1+1"]
    assert len({*ids(trips), *ids(stops)}) == 6
    assert trips["value"][0]["way"]["stop@odata.navigationLink"] == (
        f"Submissions('{one(1)}')/trip('{trips['value'][0]['__id']}')/way/stop"
    )


def test_every_link_leads_to_its_rows(travels):
    told = read(travels, f"{SVC}/Submissions('{one(1)}')")
    assert ids(told) == [one(1)]
    trips = read(travels, f"{SVC}/{told['value'][0]['trip@odata.navigationLink']}")
    assert trips == read(travels, TRIPS) | {"@odata.context": trips["@odata.context"]}
    first, second, third = trips["value"]
    for trip, places in ((first, ["one\nline more", "two"]), (second, []), (third, ["=1+1"])):
        stops = read(travels, f"{SVC}/{trip['way']['stop@odata.navigationLink']}")
        assert [row["place"] for row in stops["value"]] == places
    alone = read(travels, f"{SVC}/Submissions('{one(1)}')/trip('{second['__id']}')")
    assert ids(alone) == [second["__id"]]


def test_expand_nests_the_rows_of_all_repeats(travels):
    row = read(travels, f"{SVC}/Submissions('{one(1)}')?$expand=*")["value"][0]
    assert [trip["from"] for trip in row["trip"]] == ["Ta", " Tb ", None]
    assert [[stop["place"] for stop in trip["way"]["stop"]] for trip in row["trip"]] == [
        ["one\nline more", "two"],
        [],
        ["=1+1"],
    ]
    assert row["later"]["visit"][0]["day"] == "2026-06-01"
    assert [trip["__id"] for trip in row["trip"]] == ids(read(travels, TRIPS))


def test_places_as_well_known_text_when_asked_for(travels):
    rows = read(travels, f"{SVC}/Submissions?$wkt=true")["value"]
    assert [row["who"]["home"] for row in rows] == ["POINT (2 -1)", "POINT (-88.76 17.25 12.5)"]


@pytest.mark.parametrize(
    "kind, text, value",
    [
        ("int", "31", 31),
        ("int", " -7 ", -7),
        ("int", "3.0", None),
        ("int", "x", None),
        ("decimal", "1.50", 1.5),
        ("decimal", "1e999", None),
        ("decimal", "NaN", None),
        ("boolean", "true", True),
        ("boolean", "0", False),
        ("boolean", "maybe", None),
        ("dateTime", "2026-05-03T05:58:00.000-06", "2026-05-03T05:58:00.000-06:00"),
        ("dateTime", "2026-05-03T05:58:00.000+05:30", "2026-05-03T05:58:00.000+05:30"),
        ("geopoint", "17.2 -88.7", {"type": "Point", "coordinates": [-88.7, 17.2], "properties": {"accuracy": None}}),
        ("geopoint", "17.2", None),
        ("geopoint", "17.2 east", None),
        (
            "geotrace",
            "1 2 3 4;5 6;",
            {
                "type": "LineString",
                "coordinates": [[2.0, 1.0, 3.0], [6.0, 5.0]],
                "properties": {"accuracy": [4.0, None]},
            },
        ),
        ("geotrace", "1 2", None),
        ("geotrace", "1 2; x", None),
        (
            "geoshape",
            "1 2;3 4;1 2",
            {
                "type": "Polygon",
                "coordinates": [[[2.0, 1.0], [4.0, 3.0], [2.0, 1.0]]],
                "properties": {"accuracy": [None] * 3},
            },
        ),
    ],
)
def test_texts_become_values_of_their_type(kind, text, value):
    assert CONVERTERS[kind](text) == value
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "kind, text, value",
    [
        ("geopoint", "17.25 -88.76 0 0", "POINT (-88.76 17.25 0)"),
        ("geotrace", "1 2;3 4", "LINESTRING (2 1,4 3)"),
        ("geoshape", "1 2;3 4;1 2;", "POLYGON ((2 1,4 3,2 1))"),
        ("geoshape", "nowhere", None),
    ],
)
def test_places_become_well_known_text(kind, text, value):
    assert WKT[kind](text) == value


# Paging.


def test_pages_by_next_link_hold_every_row_once(travels, place):
    for number in range(3, 8):
        send(place, f"<trip><from>{number}</from></trip>" * (number % 3), number=number)
    for path, count in ((f"{SVC}/Submissions", 7), (TRIPS, 3 + 0 + 1 + 2 + 0 + 1), (STOPS, 3)):
        whole = read(travels, f"{path}?$count=true")
        assert whole["@odata.count"] == count
        for top in (1, 2, 3, count, count + 5):
            found = pages(travels, f"{path}?$top={top}&$count=true")
            assert [row for told in found for row in told["value"]] == whole["value"]
            assert {told["@odata.count"] for told in found} == {count}
            assert len(found) == -(-count // top)
            plain = pages(travels, f"{path}?$top={top}")
            assert [row for told in plain for row in told["value"]] == whole["value"]


def test_what_comes_in_meanwhile_moves_no_page(travels, place):
    first = read(travels, f"{SVC}/Submissions?$top=1")
    send(place, number=9)
    assert ids(read(travels, below(first["@odata.nextLink"]))) == [one(1)]


@pytest.mark.parametrize("path", [f"{SVC}/Submissions", TRIPS])
def test_skip_and_top_cut_the_rows(travels, path):
    whole = read(travels, path)["value"]
    assert read(travels, f"{path}?$skip=1")["value"] == whole[1:]
    assert read(travels, f"{path}?$skip=1&$top=1")["value"] == whole[1:2]
    assert read(travels, f"{path}?$skip=99")["value"] == []
    after = pages(travels, f"{path}?$skip=1&$top=1")
    assert [row for told in after for row in told["value"]] == whole[1:]


@pytest.mark.parametrize("path, count", [(f"{SVC}/Submissions", 2), (TRIPS, 3)])
def test_top_of_nothing_answers_with_the_count_alone(travels, path, count):
    told = read(travels, f"{path}?$top=0&$count=true")
    assert (told["value"], told["@odata.count"]) == ([], count)
    assert "@odata.nextLink" not in told
    assert read(travels, f"{path}?$top=0")["value"] == []


@pytest.mark.parametrize(
    "query, number",
    [
        ("$top=-1", 400.8),
        ("$top=1e9", 400.11),
        ("$top=x", 400.11),
        ("$skip=9000000000000000000", 400.8),
        ("$skip=9e18", 400.11),
        ("$skip=-2", 400.8),
        ("$top=1&$top=2", 400.8),
        ("$count=maybe", 400.11),
        ("$wkt=2", 400.11),
        ("$top=٣", 400.11),
        ("$expand=trip", 501.6),
        ("$search=Zora", 501.1),
        ("$apply=groupby((name))", 501.1),
        ("anything=1", 501.1),
        ("$select=name&$expand=*", 501.11),
        ("$orderby=__id&$skiptoken=01x", 501.1),
        ("$skiptoken=nothing", 400.35),
        ("$skiptoken=01", 400.35),
        ("$skiptoken=01" + base64.b64encode(b'{"instanceId":"' + one(2).encode() + b'"}').decode(), 400.35),
        ("$skiptoken=01" + base64.b64encode(b'["x"]').decode(), 400.35),
        ("$skiptoken=01" + base64.b64encode(b"[" * 900).decode(), 400.35),
        ("$format=xml", 406.1),
    ],
)
def test_options_that_make_no_sense_are_refused_by_number(travels, query, number):
    answer = travels.get(f"{SVC}/Submissions?{query}")
    assert fault(answer) == (int(number), number)
    assert answer.headers["OData-Version"] == "4.0"


def test_a_skiptoken_is_good_for_its_query_and_its_person_alone(travels, place):
    link = below(read(travels, f"{SVC}/Submissions?$top=1")["@odata.nextLink"])
    assert read(travels, link)["value"]
    token = link.partition("$skiptoken=")[2]
    bad = (400, 400.35)
    assert fault(place.script("supervisor").get(link)) == bad
    assert fault(travels.get(f"{TRIPS}?$skiptoken={token}")) == bad
    assert fault(travels.get(f"{SVC}/Submissions?$filter=__id ne null&$skiptoken={token}")) == bad
    told = json.loads(base64.urlsafe_b64decode(token.removeprefix("01").replace("%3D", "=")))
    forged = base64.urlsafe_b64encode(json.dumps(told | {"instanceId": one(1)}).encode()).decode()
    assert fault(travels.get(f"{SVC}/Submissions?$skiptoken=01{forged}")) == bad


def test_a_skiptoken_whose_row_is_gone_says_so(travels, place):
    link = below(read(travels, f"{TRIPS}?$top=1")["@odata.nextLink"])
    send(place, "<name>without trips</name>", number=3, corrects=one(1))
    assert fault(travels.get(link)) == (400, 400.34)


# Choosing properties.


@pytest.mark.parametrize(
    "select, told",
    [
        ("name", {"name"}),
        ("__id,who/age", {"__id", "who", "who/age"}),
        ("who", {"who", "who/age", "who/height", "who/held", "who/home"}),
        ("who/age,who", {"who", "who/age", "who/height", "who/held", "who/home"}),
        ("who,who/age", {"who", "who/age", "who/height", "who/held", "who/home"}),
        ("__system/reviewState,__system/edits", {"__system", "__system/reviewState", "__system/edits"}),
        ("trip", {"trip@odata.navigationLink"}),
        ("later/visit", {"later", "later/visit@odata.navigationLink"}),
    ],
)
def test_select_leaves_out_what_it_does_not_name(travels, select, told):
    row = read(travels, f"{SVC}/Submissions?$select={select}")["value"][1]
    assert {
        *row,
        *(f"{name}/{part}" for name, inner in row.items() if isinstance(inner, dict) for part in inner),
    } == told


def test_select_of_everything_and_of_all_that_is_known_without_opening(travels):
    assert read(travels, f"{SVC}/Submissions?$select=*")["value"] == read(travels, f"{SVC}/Submissions")["value"]
    (row, _other) = read(travels, f"{SVC}/Submissions?$select=__system")["value"]
    assert list(row) == ["__system"]
    assert len(row["__system"]) == 12


def test_select_in_the_table_of_a_repeat_names_its_own_properties(travels):
    row = read(travels, f"{TRIPS}?$select=from,__Submissions-id")["value"][0]
    assert row == {"from": "Ta", "__Submissions-id": one(1)}


@pytest.mark.parametrize(
    "select, number",
    [
        ("nothing", 400.23),
        ("who/nothing", 400.23),
        ("name/x", 400.23),
        ("__system/nothing", 400.23),
        ("", None),
        ("trip/from", 400.24),
        ("later/visit/day", 400.24),
        (",", 400.23),
    ],
)
def test_select_of_what_is_not_there_is_refused(travels, select, number):
    answer = travels.get(f"{SVC}/Submissions?$select={select}")
    assert answer.status_code == 200 if number is None else fault(answer) == (400, number)


# Addresses, formats and who may.


@pytest.mark.parametrize(
    "path",
    [
        *("Nothing", "Submissions.nothing", "Submissions('nothing')", "Submissions/trip", "trip", "Submissions()"),
        *(f"Submissions('{one(1)}')/nothing", f"Submissions('{one(1)}')/way('x')/stop", f"Submissions('{one(1)}')x"),
        *(f"Submissions('{one(1)}", "Submissions('%00')", "$batch", "Submissions/$count"),
    ],
)
def test_what_is_not_there_is_404(travels, path):
    assert fault(travels.get(f"{SVC}/{path}")) == (404, 404.1)


def test_ids_with_quotes_and_slashes_are_found_by_their_links(travels, place):
    odd = "a/b'c d%é"
    send(place, "<trip><from>x</from></trip>", number=3, instance_id=odd)
    row = read(travels, f"{SVC}/Submissions?$top=1")["value"][0]
    assert row["__id"] == odd
    trips = read(travels, f"{SVC}/{row['trip@odata.navigationLink']}")
    assert [trip["from"] for trip in trips["value"]] == ["x"]
    assert (
        ids(read(travels, below(read(travels, f"{SVC}/Submissions?$top=1")["@odata.nextLink"]))) == [one(2), one(1)][:1]
    )


@pytest.mark.parametrize(
    "path, headers, status",
    [
        ("/Submissions", {"Accept": "application/json;odata.metadata=minimal"}, 200),
        ("/Submissions", {"Accept": "*/*;q=NaN"}, 200),
        ("/Submissions", {"Accept": "text/html"}, 406),
        ("/Submissions?$format=application/json;odata.metadata=none", {}, 200),
        ("/Submissions?$format=evil", {}, 406),
        ("/$metadata", {"Accept": "application/xml"}, 200),
        ("/$metadata", {"Accept": "application/json"}, 406),
        ("/$metadata?$format=json", {}, 406),
        ("", {"OData-MaxVersion": "3.0"}, 404),
        ("", {"OData-MaxVersion": "x"}, 404),
        ("", {"OData-MaxVersion": "4.01"}, 200),
        ("?x=1", {}, 501),
    ],
)
def test_formats_and_versions_that_are_not_spoken_are_refused(travels, path, headers, status):
    answer = travels.get(f"{SVC}{path}", headers=headers)
    assert answer.status_code == status
    assert answer.headers["OData-Version"] == "4.0"


def test_the_metadata_is_refused_in_xml(travels, place):
    answer = place.script("caseworker").get(f"{SVC}/$metadata")
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/xml")
    assert etree.fromstring(answer.data).get("code") == "403.1"


def test_every_document_is_a_disclosure_with_its_columns_and_submissions(travels, place):
    read(travels, f"{SVC}/Submissions?$select=name,who/age&$top=1")
    read(travels, TRIPS)
    read(travels, f"{SVC}/Submissions?$top=0&$count=true")
    read(travels, SVC)
    assert [entry.facts for entry in place.trail("submission.export")] == [
        {"kind": "odata", "columns": 2, "submissions": 1, "table": 0},
        {"kind": "odata", "columns": 1, "submissions": 2, "table": 1},
        {"kind": "odata", "columns": 8, "submissions": 0, "table": 0},
    ]


def test_an_unchanged_document_is_not_sent_again(travels, place):
    etag = travels.get(f"{SVC}/Submissions").headers["ETag"]
    assert travels.get(f"{SVC}/Submissions", headers={"If-None-Match": etag}).status_code == 304
    send(place, number=3)
    assert travels.get(f"{SVC}/Submissions", headers={"If-None-Match": etag}).status_code == 200


def test_what_depends_on_the_clock_is_always_sent(travels):
    path = f"{SVC}/Submissions?$filter=__system/submissionDate lt now()"
    assert travels.get(path, headers={"If-None-Match": travels.get(path).headers["ETag"]}).status_code == 200


def test_analysts_see_coded_properties_and_no_small_choice(place):
    place.publish()
    for _number in range(10):
        place.receive()
    script = place.script("analyst")
    svc = f"{TALK}.svc"
    told = read(script, f"{svc}/Submissions?$count=true")
    assert told["@odata.count"] == 10
    row = told["value"][0]
    assert set(row) == {"__id", "__system", "wants"}
    assert not {"submitterId", "submitterName", "deviceId"} & set(row["__system"])
    assert [table["name"] for table in read(script, svc)["value"]] == ["Submissions"]
    assert "alias" not in script.get(f"{svc}/$metadata").text
    few = read(script, f"{svc}/Submissions?$count=true&$filter=__id eq '{row['__id']}'")
    assert (few["value"], "@odata.count" in few) == ([], False)
    assert fault(script.get(f"{svc}/Submissions('{row['__id']}')")) == (404, 404.1)
    assert fault(script.get(f"{svc}/Submissions?$select=alias")) == (400, 400.23)
    assert fault(script.get(f"{svc}/Submissions?$select=__system/submitterId")) == (400, 400.23)
    assert fault(script.get(f"{svc}/Submissions?$filter=alias eq 'Zora'")) == (501, 501.5)
    assert fault(script.get(f"{svc}/Submissions?$orderby=__system/submitterId")) == (501, 501.5)
    assert fault(script.get(f"{svc}/Submissions.stays")) == (404, 404.1)


def test_a_skiptoken_names_no_id_that_could_be_a_name(place):
    place.publish()
    for _number in range(10):
        place.receive()
    with place.make() as make:
        form = make.offered("talk")
        make.receive(make.instance(form, instance_id="Zora Invented"), form)
    script = place.script("analyst")
    told = read(script, f"{TALK}.svc/Submissions?$top=1")
    token = below(told["@odata.nextLink"]).partition("$skiptoken=01")[2].replace("%3D", "=")
    assert b"Zora" not in base64.urlsafe_b64decode(token)
    assert len([row for told in pages(script, f"{TALK}.svc/Submissions?$top=4") for row in told["value"]]) == 11


def test_a_form_that_is_not_there_has_no_service(place):
    publish(place)
    assert fault(place.script("manager").get(f"{P}/forms/nothing.svc/Submissions")) == (404, 404.1)
