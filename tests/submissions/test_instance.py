"""Instance XML as tablets send it, read without trusting it."""

import hashlib
import time

import pytest

from submissions.instance import LARGEST, LONGEST_ID, MOST_MARKS, BadInstance, named_files, read_instance

META = "<meta><instanceID>uuid:1</instanceID></meta>"


def read(body=META, *, head='id="small" version="1"', root="data", before=""):
    return read_instance(f"{before}<{root} {head}>{body}</{root}>".encode())


def test_an_instance_says_its_form_its_version_and_its_own_id():
    instance = read()
    assert (instance.form_id, instance.version, instance.instance_id) == ("small", "1", "uuid:1")
    assert instance.deprecated_id is None
    assert not instance.encrypted


def test_the_bytes_are_kept_as_they_came():
    xml = b"<?xml version='1.0' encoding='UTF-8' ?>\r\n<data id='a' >" + META.encode() + b"</data>\n<!-- end -->"
    assert read_instance(xml).xml == xml


@pytest.mark.parametrize(
    "xml",
    [
        # As Collect writes it: no namespace, all declarations at the root.
        '<?xml version="1.0" encoding="UTF-8" ?><data xmlns:orx="http://openrosa.org/xforms" id="f" version="2">'
        "<orx:meta><orx:instanceID>uuid:1</orx:instanceID><deprecatedID>uuid:0</deprecatedID></orx:meta></data>",
        # With a namespace of the form's own, and the version in OpenRosa's.
        '<data xmlns="http://example.org/f" xmlns:orx="http://openrosa.org/xforms" id="f" orx:version="2">'
        '<meta xmlns="http://openrosa.org/xforms"><instanceID> uuid:1\n</instanceID>'
        '<deprecatedID xmlns="">uuid:0</deprecatedID></meta></data>',
        '<x:data xmlns:x="http://example.org/f" x:id="f" x:version="2"><x:meta><x:instanceID>uuid:1</x:instanceID>'
        "<x:deprecatedID>uuid:0</x:deprecatedID></x:meta></x:data>",
    ],
)
def test_what_names_an_instance_is_found_whatever_its_namespace(xml):
    instance = read_instance(xml.encode())
    assert (instance.form_id, instance.version) == ("f", "2")
    assert (instance.instance_id, instance.deprecated_id) == ("uuid:1", "uuid:0")


def test_a_form_without_a_version_is_told_by_an_empty_one():
    assert read(head='id="small"').version == ""
    assert read(head='id=" small " version=" "').form_id == "small"


@pytest.mark.parametrize(
    "body", ["", "<meta/>", "<meta><instanceID/></meta>", "<meta><instanceID>  </instanceID></meta>"]
)
def test_an_instance_without_an_id_is_known_by_its_bytes(body):
    instance = read(body)
    assert instance.instance_id == f"sha256:{hashlib.sha256(instance.xml).hexdigest()}"
    assert read(body).instance_id == instance.instance_id
    assert read(body + " ").instance_id != instance.instance_id


def test_an_encrypted_submission_is_told_apart():
    xml = (
        '<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="f" version="1" encrypted="yes">'
        "<base64EncryptedKey>x</base64EncryptedKey><orx:meta xmlns:orx='http://openrosa.org/xforms'>"
        "<orx:instanceID>uuid:1</orx:instanceID></orx:meta></data>"
    )
    assert read_instance(xml.encode()).encrypted


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"", "not well-formed"),
        (b"hello", "not well-formed"),
        (b"<data id='f'>", "not well-formed"),
        (b"<data id='f'></dat>", "not well-formed"),
        (b"<data id='f'/><data id='f'/>", "not well-formed"),
        (b"<data id='f'>\x00</data>", "not well-formed"),
        (b"<data id='f'>&#0;</data>", "not well-formed"),
        (b"<data id='f'>\xff\xfe</data>", "not well-formed"),
        (b"<data id='f'>&undefined;</data>", "not well-formed"),
        (b"<?xml version='1.0' encoding='nonsense'?><data id='f'/>", "not well-formed"),
        (b"<data/>", "do not say which form"),
        (b"<data id='  '/>", "do not say which form"),
        (b"<!DOCTYPE data><data id='f'/>", "DOCTYPE"),
        (b"<!DOCTYPE data SYSTEM 'http://192.0.2.1/x.dtd'><data id='f'/>", "DOCTYPE"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(xml, words):
    with pytest.raises(BadInstance, match=words):
        read_instance(xml)


@pytest.mark.parametrize("name", ["form_id", "version", "instanceID", "deprecatedID"])
def test_an_id_that_is_too_long_to_be_kept_is_refused(name):
    long = "x" * (LONGEST_ID + 1)
    head = f'id="{long if name == "form_id" else "f"}" version="{long if name == "version" else "1"}"'
    body = f"<meta><{name}>{long}</{name}></meta>" if name.endswith("ID") else META
    with pytest.raises(BadInstance, match="more than 250 characters"):
        read(body, head=head)


def test_ids_of_the_greatest_length_are_taken():
    assert read(f"<meta><instanceID>{'ñ' * LONGEST_ID}</instanceID></meta>").instance_id == "ñ" * LONGEST_ID


@pytest.mark.parametrize(
    "attack",
    [
        # Entities that grow a thousandfold at each step, in text and in an attribute.
        "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
        + "]><data id='f'>&j;</data>",
        "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
        + "]><data id='&j;'/>",
        "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><data id='f'>&x;</data>",
        "<!DOCTYPE d [<!ENTITY % p SYSTEM 'http://192.0.2.1/x'> %p;]><data id='f'/>",
        "<!DOCTYPE d [<!ATTLIST data id CDATA 'f'>]><data/>",
        "<data id='f'>" + "<a>" * 100_000,
        "<data id='f'>" + "<a>" * 1000 + "</a>" * 1000 + "</data>",
    ],
    ids=["entities", "attribute", "file", "network", "default", "unclosed", "deep"],
)
def test_an_attack_by_xml_is_refused_at_once_and_reads_nothing(attack):
    start = time.process_time()
    with pytest.raises(BadInstance) as caught:
        read_instance(attack.encode())
    assert time.process_time() - start < 2
    assert "root:" not in str(caught.value)


def test_answers_that_are_too_large_are_refused_before_they_are_parsed():
    with pytest.raises(BadInstance, match="larger than 16 MB"):
        read_instance(b" " * (LARGEST + 1))


@pytest.mark.parametrize(
    "many", [b"<a/>" * MOST_MARKS, b"<a " + b"a='' " * MOST_MARKS + b"/>", b"<!---->" * MOST_MARKS]
)
def test_too_many_elements_and_attributes_are_refused_before_they_are_parsed(many):
    with pytest.raises(BadInstance, match="too many elements and attributes"):
        read_instance(b"<data id='f'>" + many + b"</data>")


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "cp037", "utf-16-le"])
def test_answers_whose_marks_are_not_those_of_ascii_are_refused_before_they_are_parsed(encoding):
    xml = f"<?xml version='1.0' encoding='{encoding}'?><data id='f'>{META}</data>".encode(encoding)
    with pytest.raises(BadInstance, match="not well-formed"):
        read_instance(xml)


def test_no_error_text_holds_an_answer():
    for xml in (b"<data id='f'><name>Ana Ejemplo</name>", b"<data><name>Ana Ejemplo</name></data>"):
        with pytest.raises(BadInstance) as caught:
            read_instance(xml)
        assert "Ejemplo" not in f"{caught.value}"


def test_an_instance_does_not_show_its_answers_when_it_is_printed():
    assert "Ejemplo" not in repr(read("<name>Ana Ejemplo</name>" + META))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_answers_in_another_encoding_that_they_declare_are_read(encoding):
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    xml = f"<?xml version='1.0' encoding='{declared}'?><data id='ñ'>{META}</data>".encode(encoding)
    assert read_instance(xml).form_id == "ñ"


def test_the_files_that_answers_promise_are_found_wherever_the_form_asks_for_them():
    questions = frozenset({"/data/photo", "/data/talk/sound", "/data/meta/audit"})
    body = (
        "<photo>1.jpg</photo><name>not-a-file.jpg</name><talk><sound>a.m4a</sound></talk><talk><sound/></talk>"
        "<talk><sound> b.m4a </sound></talk><meta><audit>audit.csv</audit></meta>"
    )
    assert named_files(read(body), questions) == {"1.jpg", "a.m4a", "b.m4a", "audit.csv"}
    assert named_files(read(body), frozenset()) == frozenset()


def test_promised_files_are_found_under_whatever_name_the_first_element_came():
    """JavaRosa names it after the form's id in forms that were not made by pyxform."""
    assert named_files(read("<photo>1.jpg</photo>", root="small"), frozenset({"/data/photo"})) == {"1.jpg"}
