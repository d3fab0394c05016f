"""An .xlsx file is a zip: what its table of contents says is checked before anything is unpacked."""

import io
import stat
import zipfile

from xlsforms.limits import MB, Limits

Complaint = tuple[str, dict[str, object]]  # a row of findings.csv and its facts


def complaint(content: bytes, limits: Limits) -> Complaint | None:
    """Why this zip is not opened; None when it may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as problem:
        return "file-damaged", {"what": type(problem).__name__}
    if code := next((said for member in members if (said := _about(member))), ""):
        return _too_much(members, limits) or (code, {})
    return _too_much(members, limits)


def _too_much(members: list[zipfile.ZipInfo], limits: Limits) -> Complaint | None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > limits.members:
        return "file-parts", {"count": len(members), "most": limits.members}
    if unpacked > limits.unpacked_bytes:
        return "file-unpacked", {"size": unpacked // MB, "most": limits.unpacked_bytes // MB}
    if not any(member.filename == "[Content_Types].xml" for member in members):
        return "file-no-excel", {}
    return None


def _about(member: zipfile.ZipInfo) -> str:
    name = member.filename.replace("\\", "/")
    if member.flag_bits & 0x1:
        return "file-password"
    if name.startswith("/") or ":" in name or ".." in name.split("/") or stat.S_ISLNK(member.external_attr >> 16):
        return "file-unsafe-part"
    if name.rsplit("/", 1)[-1].lower() == "vbaproject.bin":
        return "file-macros"
    return ""
