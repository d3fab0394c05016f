"""Form lists, manifests, forms and answers to submissions, read as strictly as ODK Collect reads them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from lxml import etree

from tests.collect.client import Response

LIST = "http://openrosa.org/xforms/xformsList"
MANIFEST = "http://openrosa.org/xforms/xformsManifest"
REPORT_IT = "If you keep having this problem, report it to the person who asked you to collect data."
MD5 = re.compile(r"md5:[0-9a-f]{32}")


class TabletError(Exception):
    """The server broke a rule of the tablet; `text` is what the enumerator reads, `rule` its number in the README."""

    def __init__(self, text: str, *, rule: str, detail: str = "") -> None:
        self.text = text
        self.rule = rule
        self.detail = detail
        super().__init__(f"{text} [{rule}{': ' + detail if detail else ''}]")


@dataclass(frozen=True)
class ListedForm:
    form_id: str
    name: str
    version: str | None
    hash: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True)
class ListedMedia:
    filename: str
    hash: str
    download_url: str
    kind: str | None
    integrity_url: str | None


@dataclass(frozen=True)
class FormMetadata:
    """What Collect reads in a form at download."""

    title: str
    form_id: str
    version: str | None
    submission_url: str | None
    public_key: str | None
    auto_send: str | None
    auto_delete: str | None
    client_editable: str | None
    entities_version: str | None


def read_form_list(response: Response, server_url: str) -> list[ListedForm]:
    """The forms of the list; raises TabletError with the text that Collect shows."""
    root = _document(response, server_url, "2")
    listed: list[ListedForm] = []
    invalid = f"The server {server_url} provided an invalid response. {REPORT_IT}"
    if etree.QName(root).localname != "xforms" or etree.QName(root).namespace != LIST:
        raise TabletError(invalid, rule="2.3", detail=f"the root is {root.tag}")
    for entry in _children(root, LIST):
        if etree.QName(entry).localname.lower() != "xform":
            continue
        found = {etree.QName(child).localname: _text(child) for child in _children(entry, LIST)}
        if not (found.get("formID") and found.get("name") and found.get("downloadUrl")):
            raise TabletError(invalid, rule="2.3", detail="an entry lacks formID, name or downloadUrl")
        if "hash" in found and not found["hash"]:
            raise TabletError(REPORT_IT, rule="2.3", detail=f"the hash of {found['formID']} is empty")
        digest = found.get("hash")
        if digest is None or not MD5.fullmatch(digest):
            raise TabletError(
                f"The server did not provide a hash for this form. {REPORT_IT}", rule="2.3", detail=str(found["formID"])
            )
        listed.append(
            ListedForm(
                form_id=str(found["formID"]),
                name=str(found["name"]),
                version=found.get("version") or None,
                hash=digest[4:],
                download_url=_absolute(found["downloadUrl"]),
                manifest_url=_absolute(found["manifestUrl"]) if found.get("manifestUrl") else None,
            )
        )
    return listed


def read_manifest(response: Response, server_url: str) -> list[ListedMedia]:
    """The files of a manifest; raises TabletError where Collect would pass it over."""
    root = _document(response, server_url, "3.1")
    invalid = f"The server {server_url} provided an invalid response. {REPORT_IT}"
    if etree.QName(root).localname != "manifest" or etree.QName(root).namespace != MANIFEST:
        raise TabletError(invalid, rule="3.1", detail=f"the root is {root.tag}")
    listed: list[ListedMedia] = []
    for entry in _children(root, MANIFEST):
        if etree.QName(entry).localname.lower() != "mediafile":
            continue
        found = {etree.QName(child).localname: _text(child) for child in _children(entry, MANIFEST)}
        if not (found.get("filename") and found.get("hash") and found.get("downloadUrl")):
            raise TabletError(invalid, rule="3.1", detail="an entry lacks filename, hash or downloadUrl")
        kind = entry.get("type")
        digest = str(found["hash"])
        if len(digest) <= 4 or (kind is None and not MD5.fullmatch(digest)):
            raise TabletError(REPORT_IT, rule="3.1", detail=f"the hash of {found['filename']} is {digest}")
        listed.append(
            ListedMedia(
                filename=PurePosixPath(str(found["filename"])).name,
                hash=digest[4:],
                download_url=_absolute(found["downloadUrl"]),
                kind=kind if kind in ("entityList", "approvalEntityList") else None,
                integrity_url=_absolute(found["integrityUrl"]) if found.get("integrityUrl") else None,
            )
        )
    return listed


def read_form(content: bytes) -> FormMetadata:
    """What a form says of itself; raises TabletError when Collect could not install it."""
    try:
        root = _parse(content)
    except (etree.XMLSyntaxError, UnicodeDecodeError) as wrong:
        raise _unprocessable(str(wrong)) from wrong
    heads = [child for child in root if etree.QName(child).localname == "head"]
    titles = [child for head in heads for child in head if etree.QName(child).localname == "title"]
    models = [child for head in heads for child in head if etree.QName(child).localname == "model"]
    if not titles or not (titles[0].text or "").strip():
        raise _unprocessable("no title")
    instances = [child for model in models for child in model if etree.QName(child).localname == "instance"]
    if not instances or not len(instances[0]):
        raise _unprocessable("no model with an instance")
    submissions = [child for model in models for child in model if etree.QName(child).localname == "submission"]
    said = _attributes(submissions[0]) if submissions else {}
    action = said.get("action")
    if action is not None and urlsplit(action).scheme not in ("http", "https"):
        raise TabletError(f"This form has an invalid submission URL. {REPORT_IT}", rule="2.4", detail=action)
    first = instances[0][0]
    if not first.get("id"):
        raise _unprocessable("no id")
    return FormMetadata(
        title=str(titles[0].text),
        form_id=str(first.get("id")),
        version=(first.get("version") or "").strip() or None,
        submission_url=action,
        public_key=said.get("base64RsaPublicKey"),
        auto_send=said.get("auto-send"),
        auto_delete=said.get("auto-delete"),
        client_editable=said.get("client-editable"),
        entities_version=_attributes(models[0]).get("entities-version"),
    )


def read_message(body: bytes) -> str | None:
    """The message of an answer to a submission: the first element named just so, in a well-formed OpenRosaResponse."""
    if b"OpenRosaResponse" not in body:
        return None
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError:
        return None
    for element in root.iter():
        if isinstance(element.tag, str) and element.prefix is None and etree.QName(element).localname == "message":
            return "".join(str(piece) for piece in element.itertext())
    return None


def form_list_failure(status: int, server_url: str) -> TabletError:
    """The text for a form list that did not come with 200."""
    if status == 404:
        text = f"Collect can't reach the server at {server_url}. Did you enter the URL correctly? {REPORT_IT}"
    elif status == 401:
        text = "Server Requires Authentication"
    else:
        text = f"The server {server_url} returned status code {status}. {REPORT_IT}"
    return TabletError(text, rule="2.4", detail=str(status))


def _document(response: Response, server_url: str, rule: str) -> etree._Element:
    kind = response.header("Content-Type")
    if kind is not None and "text/xml" not in kind.lower():
        raise TabletError(REPORT_IT, rule="2.2" if rule == "2" else rule, detail=f"the Content-Type is {kind}")
    try:
        root = _parse(response.body)
    except (UnicodeDecodeError, etree.XMLSyntaxError) as wrong:
        raise TabletError(REPORT_IT, rule="1.5", detail=str(wrong)) from wrong
    if response.header("X-OpenRosa-Version") is None:
        text = f"This server does not correctly implement the OpenRosa formList API. {REPORT_IT}"
        raise TabletError(
            text if rule == "2" else REPORT_IT, rule="2.2" if rule == "2" else rule, detail="no X-OpenRosa-Version"
        )
    if response.header("X-OpenRosa-Version") != "1.0":
        raise TabletError(REPORT_IT, rule="2.2", detail="X-OpenRosa-Version is not 1.0")
    return root


def _parse(content: bytes) -> etree._Element:
    """The root of a document that is read as UTF-8 whatever its declaration says."""
    if content.startswith(codecs.BOM_UTF8):
        raise UnicodeDecodeError("utf-8", content, 0, 3, "a byte order mark stands before the document")
    text = re.sub(r"^<\?xml[^>]*\?>", "", content.decode("utf-8"))
    return etree.fromstring(text.encode(), _parser())


def _attributes(element: etree._Element) -> dict[str, str]:
    return {etree.QName(name).localname: str(value) for name, value in element.attrib.items()}


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def _children(element: etree._Element, namespace: str) -> list[etree._Element]:
    return [child for child in element if (etree.QName(child).namespace or "").lower() == namespace.lower()]


def _text(element: etree._Element) -> str:
    return "".join(str(piece) for piece in element.itertext()).strip()


def _absolute(url: str | None) -> str:
    parts = urlsplit(url or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TabletError(REPORT_IT, rule="1.4", detail=f"{url} is not an absolute URL")
    if not str(url).isascii() or any(sign in str(url) for sign in ' "<>\\^`{|}'):
        raise TabletError(REPORT_IT, rule="1.4", detail=f"{url} is not percent-encoded")
    return str(url)


def _unprocessable(reason: str) -> TabletError:
    return TabletError(f"This form cannot be processed:\n\n{reason}\n\n{REPORT_IT}", rule="2.5", detail=reason)
