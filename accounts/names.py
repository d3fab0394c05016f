"""Names as people type them, made fit to be kept."""

import unicodedata

LONGEST = 120  # characters


def plain_name(typed: str) -> str:
    """The name on one line: no control characters, single blanks, at most 120 characters."""
    kept = "".join(" " if unicodedata.category(one) in {"Cc", "Cs"} else one for one in typed)
    return " ".join(kept.split())[:LONGEST].rstrip()
