"""What went wrong, in one line for the operator."""

import traceback
from pathlib import PurePath

OURS = frozenset(
    {"server", "cases", "entities", "submissions", "forms", "accounts", "audit", "storage", "xlsforms"},
)
WORDS = {
    "DatabaseBusy": "The database is busy with other writers; nothing was changed. Try again.",
    "DatabaseUnavailable": (
        "The database cannot be reached or written; nothing was changed. "
        "Check FIELDCASE_DATABASE_URL, that PostgreSQL runs, or the disk and the rights on the data folder."
    ),
    "KeysLocked": (
        "The keys are not open here. Where the key file has a passphrase: `fieldcase key unlock` while the server "
        "runs; on a node that holds the intake key alone: run the command where the key file is."
    ),
    "SealBroken": (
        "A sealed value does not open: it was changed, or sealed under another key. Check that FIELDCASE_KEY_FILE "
        "names the right file."
    ),
}


def sentence(error: BaseException) -> str:
    """The error as one line: our own say what is so, others are named with the place they came from."""
    kind = type(error)
    if kind.__name__ in WORDS and _is_ours(kind):
        return WORDS[kind.__name__]
    if _is_ours(kind):
        said = str(error)
        return _line(said if " " in said else (kind.__doc__ or kind.__name__))
    if isinstance(error, OSError) and error.strerror:
        return _line(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    return _line(f"Something unforeseen, please report this line: {kind.__name__} at {_place(error)}.")


def _is_ours(kind: type[BaseException]) -> bool:
    return kind.__module__.partition(".")[0] in OURS


def _place(error: BaseException) -> str:
    """The innermost calls; the calls that load modules tell nothing."""
    calls = [call for call in traceback.extract_tb(error.__traceback__) if "importlib" not in call.filename]
    places = [f"{'/'.join(PurePath(call.filename).parts[-2:])}:{call.lineno}" for call in reversed(calls)]
    return " < ".join(places[:4])


def _line(text: str) -> str:
    return " ".join(text.split())
