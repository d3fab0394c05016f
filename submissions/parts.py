"""The files of a submission: sealed and written before any row points at them."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.faults import fault
from storage.files import Files
from storage.sealed_files import seal_chunks
from storage.sealing import IntakeKeys, intake_keys_of, new_key, seal
from submissions.instance import Instance
from submissions.tables import Attachment, Submission

CHUNK = 256 * 1024
LONGEST_NAME = 255


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name and type as the tablet claims them, and its bytes."""

    name: str
    content_type: str
    stream: IO[bytes] = field(repr=False)


@dataclass(frozen=True)
class Part:
    """A file that is sealed and durably written, or only promised (`file_id` empty), ready for its row."""

    id: str
    name: str = field(repr=False)
    slot: str
    content: str
    size: int
    file_id: str | None
    envelope: bytes = field(repr=False)
    sealed_facts: bytes = field(repr=False)


def held_parts(session: Session, form_pk: int, instance: Instance) -> frozenset[tuple[str, str]]:
    """Slot and content of every file that is held with these very answers; those of a conflict count for it alone."""
    fingerprint = intake_keys_of(session).fingerprint(instance.xml)
    rows = session.execute(
        select(Attachment.slot, Attachment.content)
        .join(Submission, Submission.id == Attachment.submission_id)
        .where(Submission.form_pk == form_pk, Submission.instance_id == instance.instance_id)
        .where(Submission.fingerprint == fingerprint, Attachment.content != "")
    )
    return frozenset((slot, content) for slot, content in rows)


def parts_of(session: Session, submission_id: int) -> frozenset[tuple[str, str]]:
    """Slot and content of every file that is held beside the submission."""
    query = select(Attachment.slot, Attachment.content).where(Attachment.submission_id == submission_id)
    return frozenset((slot, content) for slot, content in session.execute(query.where(Attachment.content != "")))


def keep_files(
    uploads: Sequence[Upload], *, keys: IntakeKeys, files: Files, held: frozenset[tuple[str, str]]
) -> list[Part]:
    """Each new file is sealed and on the disk; one that is held already, or comes twice, is not written again."""
    seen, parts = set(held), []
    for upload in uploads:
        digest, size = _digest(upload.stream)
        slot, content = keys.fingerprint(upload.name.encode()), keys.fingerprint(digest)
        if (slot, content) in seen:
            continue
        seen.add((slot, content))
        parts.append(_keep(upload, digest.hex(), size, slot, content, keys, files))
        fault("K6")
    return parts


def promised(name: str, *, keys: IntakeKeys) -> Part:
    """A file that the answers name and that has not come."""
    part_id, key = secrets.token_hex(16), new_key()
    return Part(
        part_id,
        name,
        keys.fingerprint(name.encode()),
        "",
        0,
        None,
        keys.envelope(key, envelope_place(part_id)),
        _sealed_facts(part_id, key, {"name": name}),
    )


def envelope_place(part_id: str) -> str:
    """Where an attachment's data key belongs."""
    return f"attachments.envelope:{part_id}"


def facts_place(part_id: str) -> str:
    """Where an attachment's name and hash belong."""
    return f"attachments.sealed_facts:{part_id}"


def file_place(part_id: str) -> str:
    """Where an attachment's bytes belong."""
    return f"attachments.file:{part_id}"


def _keep(upload: Upload, sha256: str, size: int, slot: str, content: str, keys: IntakeKeys, files: Files) -> Part:
    part_id, key, file_key = secrets.token_hex(16), new_key(), new_key()
    file_id = files.put(seal_chunks(file_key, _chunks(upload.stream), file_place(part_id)))
    facts = {"name": upload.name, "sha256": sha256, "type": upload.content_type[:120], "key": file_key.hex()}
    envelope = keys.envelope(key, envelope_place(part_id))
    return Part(part_id, upload.name, slot, content, size, file_id, envelope, _sealed_facts(part_id, key, facts))


def _sealed_facts(part_id: str, key: bytes, facts: dict[str, str]) -> bytes:
    return seal(key, json.dumps(facts, ensure_ascii=False).encode(), facts_place(part_id))


def _digest(stream: IO[bytes]) -> tuple[bytes, int]:
    sha256, size = hashlib.sha256(), 0
    for chunk in _chunks(stream):
        sha256.update(chunk)
        size += len(chunk)
    return sha256.digest(), size


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    while chunk := stream.read(CHUNK):
        yield chunk
