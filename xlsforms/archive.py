"""An .xlsx file is a zip: what its table of contents says is checked before anything is unpacked."""

import io
import stat
import zipfile

from xlsforms.limits import MB, Limits

SAVE_AGAIN = "Open it in Excel or LibreOffice, save it again as an Excel workbook (.xlsx) and try that file."


def complaint(content: bytes, limits: Limits) -> str:
    """Why this zip is not opened, with how to mend it; "" when it may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as problem:
        return f"The file is damaged or not an Excel workbook ({type(problem).__name__}). {SAVE_AGAIN}"
    return _too_much(members, limits) or next((said for member in members if (said := _about(member))), "")


def _too_much(members: list[zipfile.ZipInfo], limits: Limits) -> str:
    unpacked = sum(member.file_size for member in members)
    if len(members) > limits.members:
        return f"The file holds {len(members)} parts; a workbook may have {limits.members}. {SAVE_AGAIN}"
    if unpacked > limits.unpacked_bytes:
        return (
            f"Unpacked the workbook is {unpacked // MB} MB; {limits.unpacked_bytes // MB} MB are allowed. "
            "Delete the empty rows and columns around the tables, and pictures, then save it again."
        )
    if not any(member.filename == "[Content_Types].xml" for member in members):
        return f"The file is a zip, but not an Excel workbook. {SAVE_AGAIN}"
    return ""


def _about(member: zipfile.ZipInfo) -> str:
    name = member.filename.replace("\\", "/")
    if member.flag_bits & 0x1:
        return "The workbook is protected by a password. Take the password off, save it again and try that file."
    if name.startswith("/") or ":" in name or ".." in name.split("/") or stat.S_ISLNK(member.external_attr >> 16):
        return f"The file holds a part with an unsafe name. {SAVE_AGAIN}"
    if name.rsplit("/", 1)[-1].lower() == "vbaproject.bin":
        return "The workbook holds macros. Save it as an Excel workbook without macros (.xlsx) and try that file."
    return ""
