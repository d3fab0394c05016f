"""Submissions and their versions as scripts see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.api import actors
from server.api.shapes import Flag, Moment, Shape, Text, Whole, nested
from submissions.review import ReviewState, last_review, state_of
from submissions.tables import Submission
from submissions.versions import Line


class VersionShape(Shape):
    """A version of a submission: as it came, or as it was corrected."""

    instanceId = Text(required=True)  # noqa: N815
    instanceName = Text(required=True, allow_none=True, metadata={"description": "Sealed with the answers"})  # noqa: N815
    submitterId = Whole(required=True, allow_none=True)  # noqa: N815
    deviceId = Text(required=True, allow_none=True)  # noqa: N815
    userAgent = Text(required=True, allow_none=True)  # noqa: N815
    createdAt = Moment(required=True)  # noqa: N815
    current = Flag(required=True)
    # With X-Extended-Metadata: true.
    submitter = nested(actors.Actor, allow_none=True)
    formVersion = Text()  # noqa: N815


class SubmissionShape(Shape):
    """A submission with the version that stands."""

    instanceId = Text(required=True)  # noqa: N815
    submitterId = Whole(required=True, allow_none=True)  # noqa: N815
    deviceId = Text(required=True, allow_none=True)  # noqa: N815
    userAgent = Text(required=True, allow_none=True)  # noqa: N815
    reviewState = Text(required=True, allow_none=True)  # noqa: N815
    createdAt = Moment(required=True)  # noqa: N815
    updatedAt = Moment(required=True, allow_none=True)  # noqa: N815
    deletedAt = Moment(required=True, allow_none=True)  # noqa: N815
    currentVersion = nested(VersionShape, required=True)  # noqa: N815
    # With X-Extended-Metadata: true.
    submitter = nested(actors.Actor, allow_none=True)


@dataclass(frozen=True)
class Sent:
    """What is known of a version without opening it."""

    instance_id: str
    person_id: int | None
    device_id: int | None
    install_id: str | None
    app_version: str | None
    received_at: datetime
    form_version: str

    @classmethod
    def of(cls, one: Submission) -> "Sent":
        """The same of a stored submission."""
        names = (one.instance_id, one.person_id, one.device_id, one.install_id, one.app_version)
        return cls(*names, one.received_at, one.version)

    def facts(self) -> dict[str, Any]:
        """What submissions and versions tell alike."""
        return {
            "instanceId": self.instance_id,
            "submitterId": actors.actor_id(self.person_id, self.device_id),
            "deviceId": self.install_id,
            "userAgent": self.app_version,
            "createdAt": self.received_at,
        }


Senders = dict[int, dict[str, Any]]
"""The actors that are named in an answer, by number; None when they are not wanted."""


def version(sent: Sent, *, current: bool, senders: Senders | None = None) -> dict[str, Any]:
    """A version; with the senders it is told in full."""
    shown = {**sent.facts(), "instanceName": None, "current": current}
    if senders is not None:
        shown |= {"submitter": senders.get(shown["submitterId"] or 0), "formVersion": sent.form_version}
    return shown


def submission(
    first: Sent, tip: Sent, state: str | None, updated_at: datetime | None, senders: Senders | None = None
) -> dict[str, Any]:
    """A submission in its first and its standing version; with the senders it is told in full."""
    shown = {
        **first.facts(),
        "reviewState": state or None,
        "updatedAt": updated_at,
        "deletedAt": None,
        "currentVersion": version(tip, current=True, senders=senders),
    }
    return shown if senders is None else shown | {"submitter": senders.get(shown["submitterId"] or 0)}


def of_line(session: Session, line: Line, *, extended: bool = False) -> dict[str, Any]:
    """A line as one submission."""
    newest = last_review(session, line)
    state: ReviewState = state_of(line, newest)
    moments = [newest.made_at] if newest is not None else []
    moments += [line.current.received_at] if len(line.versions) > 1 else []
    first, tip = Sent.of(line.first), Sent.of(line.current)
    senders = senders_of(session, [first, tip]) if extended else None
    return submission(first, tip, state.value, max(moments, default=None), senders)


def senders_of(session: Session, sent: list[Sent]) -> Senders:
    """The people and tablets that these came from."""
    people = {one.person_id for one in sent if one.person_id is not None}
    return actors.find_actors(session, people, {one.device_id for one in sent if one.device_id is not None})
