"""The tablet sends what was filled: the question beforehand, the POSTs, and what the enumerator is told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.collect import multipart, openrosa
from tests.collect.client import Response, UnsupportedChallenge, with_query
from tests.collect.faults import Faults
from tests.collect.journal import Attempt
from tests.collect.openrosa import TabletError
from tests.collect.store import Instance

if TYPE_CHECKING:
    from tests.collect.tablet import Tablet

ORDERS = ("collect", "reverse", "shuffle", "parallel")
PROXY_LOGIN = "If you have a web proxy you may need to log in to your network."


@dataclass(frozen=True)
class Outcome:
    """What the enumerator reads about one instance; `statuses` has one entry for each POST, 0 for none read."""

    instance_id: str
    sent: bool
    text: str
    statuses: tuple[int, ...] = ()
    stops_batch: bool = False


class NotSent(Exception):
    """Nothing was posted; the message is what the enumerator reads."""

    def __init__(self, text: str, *, stops_batch: bool = False) -> None:
        self.stops_batch = stops_batch
        super().__init__(text)


def submit(tablet: Tablet, instance: Instance, faults: Faults | None = None, order: str = "collect") -> Outcome:
    """One try at sending an instance, every POST from the first; an acknowledged one stands in the journal.

    `order` of the POSTs: collect (in turn, stopping at a failure), reverse, shuffle, parallel (all of them).
    """
    if order not in ORDERS:
        raise ValueError(f"the order is one of {', '.join(ORDERS)}")
    base = instance.submission_url or tablet.server_url.removesuffix("/") + "/submission"
    url = with_query(base, deviceID=tablet.device_id)
    instance.status = "failed" if instance.status != "sent" else "sent"
    try:
        limit = size_limit(tablet, url, faults)
    except NotSent as refusal:
        return Outcome(instance.instance_id, False, str(refusal), (), refusal.stops_batch)
    posts = multipart.split(instance.filename, instance.xml, list(instance.files.items()), limit)
    answers = _post_all(tablet, instance, url, posts, faults, order)
    statuses = tuple(answer.status if isinstance(answer, Response) else 0 for answer in answers)
    failures = [text for answer in answers if (text := failure_text(answer, url)) is not None]
    if failures:
        return Outcome(instance.instance_id, False, failures[0], statuses)
    last = answers[-1]
    message = openrosa.read_message(last.body) if isinstance(last, Response) else None
    instance.status = "sent"
    tablet.journal.acknowledge(instance, posts=len(posts), message=message, at=time.time())
    return Outcome(instance.instance_id, True, message or "", statuses)


def size_limit(tablet: Tablet, url: str, faults: Faults | None = None) -> int:
    """The size that the server wants POSTs to keep to; raises NotSent where Collect gives up before posting."""
    try:
        response = tablet.client.request("HEAD", url, login=tablet.login(url), faults=faults)
    except (UnsupportedChallenge, OSError) as lost:
        raise NotSent(f"Error: {lost}") from lost
    if response.status == 401:
        host = urlsplit(url).hostname
        raise NotSent(f"Invalid username or password for server: {host}", stops_batch=True)
    if response.status != 204 and 200 <= response.status < 300:
        text = f"Failed to send to {url}. Is this an OpenRosa submission endpoint? {PROXY_LOGIN}"
        raise NotSent(f"{text}\n\nHEAD request result status code: {response.status}")
    if response.status != 204:
        return multipart.DEFAULT_LIMIT
    if tablet.strict and response.header("Location"):
        raise TabletError("the tablet forgets the size limit", rule="4.2", detail="Location in the answer to HEAD")
    told = response.header("X-OpenRosa-Accept-Content-Length") or ""
    return int(told) if told.isdecimal() else multipart.DEFAULT_LIMIT


def failure_text(answer: Response | Exception, url: str) -> str | None:
    """The text that Collect shows for the answer to a POST; None when it counts as success."""
    if isinstance(answer, Exception):
        return str(answer) or type(answer).__name__
    if answer.status in (201, 202):
        return None
    if answer.status == 204:
        return "java.lang.Exception"
    if answer.status == 200:
        return "Error:  Error: Network login failure? Again?"
    if answer.status == 401:
        return f"Error: {answer.reason} (401) at {url}"
    message = openrosa.read_message(answer.body)
    if message is not None:
        return f"Error: {message}"
    if answer.status == 400:
        return "Failed to upload. Please make sure the form is configured to accept submissions on the server"
    return f"Error: {answer.reason} ({answer.status}) at {url}"


def _post_all(
    tablet: Tablet, instance: Instance, url: str, posts: list[multipart.Post], faults: Faults | None, order: str
) -> list[Response | Exception]:
    if order == "parallel":
        with ThreadPoolExecutor(len(posts)) as pool:
            return list(pool.map(lambda post: _post(tablet, instance, url, post, faults), posts))
    if order == "reverse":
        posts = posts[::-1]
    elif order == "shuffle":
        posts = tablet.random.sample(posts, len(posts))
    answers: list[Response | Exception] = []
    for post in posts:
        answers.append(_post(tablet, instance, url, post, faults))
        if order == "collect" and failure_text(answers[-1], url) is not None:
            break
    return answers


def _post(
    tablet: Tablet, instance: Instance, url: str, post: multipart.Post, faults: Faults | None
) -> Response | Exception:
    answer: Response | Exception
    try:
        answer = tablet.client.request(
            "POST",
            url,
            login=tablet.login(url),
            body=post,
            length=post.length,
            content_type=post.content_type,
            faults=faults,
        )
    except (UnsupportedChallenge, OSError) as lost:
        answer = lost
    status = answer.status if isinstance(answer, Response) else 0
    tablet.journal.note(Attempt(instance.instance_id, post.files, post.incomplete, status))
    return answer
