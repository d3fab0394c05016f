"""The tablet looks for forms as Collect does, and says where a server would lose them."""

import hashlib
import uuid

import pytest

from tests.collect.openrosa import TabletError
from tests.collect.sheets import xform
from tests.collect.strict_server import Offered, Reply

LIST = {"X-OpenRosa-Version": "1.0", "Content-Type": "text/xml; charset=utf-8"}
REPORT_IT = "If you keep having this problem, report it to the person who asked you to collect data."


def form(form_id: str = "camp", version: str = "1", title: str = "Camp", label: str = "Name") -> bytes:
    return xform(f"""
        | survey |
        |        | type | name | label |
        |        | text | name | {label} |
        | settings |
        |        | form_id | version | form_title |
        |        | {form_id} | {version} | {title} |
    """)


@pytest.fixture
def tablet(server, make_tablet):
    tablet = make_tablet()
    tablet.configure(server.url + "/")
    return tablet


def test_new_forms_and_their_files_are_downloaded_and_asked_for_once(server, tablet):
    media = {"map é.png": b"picture", "towns.csv": b"name,label\na,A\n"}
    server.forms = [Offered("camp", form(), media=media), Offered("a/b c", form("a/b c"))]
    report = tablet.sync()
    assert report.downloaded == ["camp", "a/b c"]
    assert sorted(report.media) == ["camp/map é.png", "camp/towns.csv"]
    assert tablet.form("camp").xform == form()
    assert {path.name: path.read_bytes() for path in tablet.form("camp").media.iterdir()} == media
    asked = len(server.seen)
    assert tablet.sync().on_device == ["camp", "a/b c"]
    assert server.acts()[asked:] == ["GET formList", "GET manifest"]


def test_unlisted_forms_are_deleted_but_only_hidden_while_instances_wait(server, tablet, javarosa):
    server.forms = [Offered("camp", form()), Offered("city", form("city"))]
    tablet.sync()
    instance = tablet.fill(javarosa, "camp", {"name": "Ana"})
    server.forms = []
    assert sorted(tablet.sync().deleted) == ["camp", "city"]
    assert list(tablet.forms) == []
    assert [copy.form_id for copy in tablet.forms.all("camp")] == ["camp"]
    assert tablet.submit(instance).sent
    server.forms = [Offered("camp", form())]
    assert tablet.sync().downloaded == ["camp"]


def test_a_new_version_is_downloaded_beside_the_old_one(server, tablet):
    server.forms = [Offered("camp", form())]
    tablet.sync()
    server.forms = [Offered("camp", form(version="2", label="Full name"), "2")]
    assert tablet.sync().downloaded == ["camp"]
    assert tablet.form("camp").version == "2"
    assert tablet.form("camp", "1").xform == form()


def test_a_file_that_changed_is_fetched_again_and_the_others_are_not(server, tablet):
    server.forms = [Offered("camp", form(), media={"a.csv": b"name,label\n1,One\n", "b.png": b"b"})]
    tablet.sync()
    server.forms[0].media["a.csv"] = b"name,label\n2,Two\n"
    report = tablet.sync()
    assert (report.updated_media, report.media) == (["camp"], ["camp/a.csv"])
    assert (tablet.form("camp").media / "a.csv").read_bytes() == b"name,label\n2,Two\n"


def test_an_entity_list_goes_by_its_token_and_its_form_counts_as_changed_at_every_poll(server, tablet):
    content = f"name,label,__version,town\n{uuid.uuid4()},River,1,Ta\n".encode()
    server.forms = [
        Offered(
            "camp",
            form(),
            media={"people.csv": content},
            hashes={"people.csv": "md5:v1"},
            kinds={"people.csv": "entityList"},
        )
    ]
    assert tablet.sync().media == ["camp/people.csv"]
    again = tablet.sync()
    assert (again.updated_media, again.media) == (["camp"], [])
    server.forms[0].hashes["people.csv"] = "md5:v2"
    assert tablet.sync().media == ["camp/people.csv"]
    assert [(row.label, row.version, row.properties) for row in tablet.lists["people"].rows.values()] == [
        ("River", 1, {"town": "Ta"})
    ]
    assert list(tablet.form("camp").media.iterdir()) == []


def test_forms_choose_from_the_entity_list_on_the_tablet(server, tablet, javarosa):
    person = str(uuid.uuid4())
    follow_up = xform("""
        | survey |
        |        | type      | name | label | calculation |
        |        | select_one_from_file people.csv | who  | Who   |             |
        |        | calculate | base |       | instance('people')/root/item[name = ${who}]/__version |
        | settings |
        |        | form_id | version |
        |        | visit   | 1       |
    """)
    media = {"people.csv": f"name,label,__version\n{person},River,3\n".encode()}
    server.forms = [Offered("visit", follow_up, media=media, kinds={"people.csv": "entityList"})]
    tablet.sync()
    instance = tablet.fill(javarosa, "visit", {"who": person})
    assert f"<who>{person}</who><base>3</base>".encode() in instance.xml


def test_each_filling_reads_what_the_one_before_saved(server, tablet, javarosa):
    again = xform("""
        | survey |
        |        | type | name | label | default           |
        |        | text | town | Town  | ${last-saved#town} |
        | settings |
        |        | form_id | version |
        |        | camp    | 1       |
    """)
    server.forms = [Offered("camp", again)]
    tablet.sync()
    tablet.fill(javarosa, "camp", {"town": "Ta"})
    assert b"<town>Ta</town>" in tablet.fill(javarosa, "camp").xml
    assert tablet.sync().on_device == ["camp"]


def test_a_sent_instance_can_be_edited_with_its_files(server, tablet, javarosa):
    photo = xform("""
        | survey |
        |        | type  | name  | label |
        |        | text  | town  | Town  |
        |        | image | photo | Photo |
        | settings |
        |        | form_id | version |
        |        | camp    | 1       |
    """)
    server.forms = [Offered("camp", photo, name="data")]
    tablet.sync()
    sent = tablet.fill(javarosa, "camp", {"town": "Ta", "photo": b"picture"})
    assert tablet.submit(sent).sent
    edited = tablet.edit(javarosa, sent, {"town": "Tb"})
    assert edited.files == sent.files
    assert f"<deprecatedID>{sent.instance_id}</deprecatedID>".encode() in edited.xml
    assert [outcome.instance_id for outcome in tablet.send()] == [edited.instance_id]


@pytest.mark.parametrize(
    "rows",
    [
        "name,label\n{id},River\n",
        "name,label,__version\n{id},,1\n",
        "name,label,__version\n{id},River,1.5\n",
        "name,label,__version\n{id},River,0\n",
        "name,label,__version\nriver,River,1\n",
        "name,label,__version\n{id},River,1\n{id},River,1\n",
    ],
)
def test_an_entity_list_with_one_bad_row_is_refused(server, tablet, rows):
    media = {"people.csv": rows.replace("{id}", "0a1b2c3d-0000-4000-8000-000000000001").encode()}
    server.forms = [Offered("camp", form(), media=media, kinds={"people.csv": "entityList"})]
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == "3.4"


@pytest.mark.parametrize(
    ("reply", "rule", "text"),
    [
        (Reply(404), "2.4", "Collect can't reach the server at {url}. Did you enter the URL correctly? " + REPORT_IT),
        (Reply(401), "2.4", "Server Requires Authentication"),
        (Reply(500), "2.4", "The server {url} returned status code 500. " + REPORT_IT),
        (Reply(200, b"<x/>", LIST), "2.3", "The server {url} provided an invalid response. " + REPORT_IT),
        (Reply(200, b"<xforms/>", LIST), "2.3", "The server {url} provided an invalid response. " + REPORT_IT),
        (Reply(200, b"<broken", LIST), "1.5", REPORT_IT),
        (Reply(200, b"\xef\xbb\xbf<xforms/>", LIST), "1.5", REPORT_IT),
        (Reply(200, b"\xff", LIST), "1.5", REPORT_IT),
        (Reply(200, b"<x/>", {**LIST, "Content-Type": "application/xml"}), "2.2", REPORT_IT),
        (
            Reply(200, b"<x/>", {"Content-Type": "text/xml"}),
            "2.2",
            "This server does not correctly implement the OpenRosa formList API. " + REPORT_IT,
        ),
    ],
)
def test_a_list_that_is_none_is_refused_in_collects_words_and_deletes_nothing(server, tablet, reply, rule, text):
    server.forms = [Offered("camp", form())]
    tablet.sync()
    server.will("GET formList", reply)
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert (error.value.rule, error.value.text) == (rule, text.format(url=server.url + "/"))
    assert [copy.form_id for copy in tablet.forms] == ["camp"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"form_id": ""}, "2.3"),
        ({"name": ""}, "2.3"),
        ({"name": None}, "2.3"),
        ({"digest": None}, "2.3"),
        ({"digest": ""}, None),
        ({"digest": "md5:"}, "2.3"),
        ({"digest": "md5:" + "A" * 32}, "2.3"),
        ({"digest": "md5:" + "0" * 32}, "2.6"),
        ({"version": "2"}, "2.3"),
        ({"version": None}, "2.3"),
        ({"extra": "<descriptionText>new</descriptionText><other xmlns='urn:x'/>"}, None),
        ({"extra": "<downloadUrl>/relative</downloadUrl>"}, "1.4"),
        ({"extra": "<downloadUrl>http://127.0.0.1/with space</downloadUrl>"}, "1.4"),
        ({"extra": "<manifestUrl>http://elsewhere.test/manifest</manifestUrl>"}, "1.14"),
    ],
)
def test_a_bad_entry_breaks_the_list(server, tablet, change, rule):
    server.forms = [Offered(**{"form_id": "camp", "content": form(), **change})]
    if rule is None:
        assert tablet.sync().downloaded == ["camp"]
        return
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == rule


def test_an_empty_hash_element_stops_the_whole_look(server, tablet):
    server.forms = [Offered("camp", form(), digest=None, extra="<hash/>")]
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert (error.value.rule, error.value.text) == ("2.3", REPORT_IT)


def test_a_change_under_the_same_version_is_a_broken_rule_and_costs_a_lenient_tablet_its_form(
    server, tablet, make_tablet
):
    server.forms = [Offered("camp", form())]
    lenient = make_tablet(strict=False)
    lenient.configure(server.url)
    for one in (tablet, lenient):
        one.sync()
    server.forms = [Offered("camp", form(label="Changed"))]
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == "2.7"
    server.will("GET form.xml", Reply(500))
    assert list(lenient.sync().failures) == ["camp"]
    assert list(lenient.forms) == []


def test_a_wrong_hash_makes_a_lenient_tablet_download_for_ever_and_then_lose_the_form(server, make_tablet):
    tablet = make_tablet(strict=False)
    tablet.configure(server.url)
    server.forms = [Offered("camp", form(), digest="md5:" + "0" * 32)]
    assert tablet.sync().downloaded == ["camp"]
    assert tablet.sync().downloaded == ["camp"]
    assert list(tablet.forms) == []


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (Reply(500), "3.2"),
        (Reply(200, b"<manifest/>", LIST), "3.1"),
        (Reply(200, b"<manifest/>", {**LIST, "Content-Type": "text/html"}), "3.1"),
    ],
)
def test_a_failed_manifest_is_passed_over_by_collect_and_raised_by_a_strict_tablet(
    server, tablet, make_tablet, reply, rule
):
    server.forms = [Offered("camp", form(), media={"a.png": b"a"})]
    server.will("GET manifest", reply, reply)
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == rule
    lenient = make_tablet(strict=False)
    lenient.configure(server.url)
    report = lenient.sync()
    assert (report.downloaded, report.media, len(report.manifest_failures)) == (["camp"], [], 1)


@pytest.mark.parametrize("digest", ["md5:", "", "md5:" + "0" * 31])
def test_a_manifest_entry_without_a_real_hash_is_refused(server, tablet, digest):
    offered = Offered("camp", form(), media={"a.png": b"a"})
    server.forms = [offered]
    real = "md5:" + hashlib.md5(b"a").hexdigest()
    server.will("GET manifest", Reply(200, server.manifest(offered).replace(real.encode(), digest.encode()), LIST))
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == "3.1"


def test_a_file_whose_hash_is_not_that_of_its_bytes_is_refused(server, tablet):
    server.forms = [Offered("camp", form(), media={"a.png": b"a"}, hashes={"a.png": "md5:" + "0" * 32})]
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == "3.3"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<html", "2.5"),
        (form().replace(b"<h:title>Camp</h:title>", b"<h:title/>"), "2.5"),
        (form().replace(b'id="camp"', b""), "2.5"),
        (form().replace(b"<bind", b'<submission action="ftp://x/y"/><bind', 1), "2.4"),
    ],
)
def test_a_form_that_collect_could_not_install_is_refused(server, tablet, content, rule):
    server.forms = [Offered("camp", content)]
    with pytest.raises(TabletError) as error:
        tablet.sync()
    assert error.value.rule == rule


def test_the_update_modes_differ_in_what_they_do_by_themselves(server, tablet, make_tablet):
    server.forms = [Offered("camp", form()), Offered("city", form("city"))]
    modes = {"manual": {}, "previously_downloaded": {}, "automatic": {"automatic_update": True}}
    tablets = {}
    for mode, more in modes.items():
        tablets[mode] = make_tablet()
        tablets[mode].configure(server.url, form_update_mode=mode.replace("automatic", "previously_downloaded"), **more)
        tablets[mode].download("camp")
    server.forms[0] = Offered("camp", form(version="2"), "2")
    reports = {mode: one.poll() for mode, one in tablets.items()}
    assert [reports[mode].available for mode in modes] == [[], ["camp"], ["camp"]]
    assert [reports[mode].downloaded for mode in modes] == [[], [], ["camp"]]
    assert tablet.poll().downloaded == ["camp", "city"]
