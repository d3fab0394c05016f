"""What a version's case mapping feeds, as far as versions are compared; the mapping itself is read by `cases`."""

from collections.abc import Mapping
from typing import Any


def targets(mapping: Mapping[str, Any] | None) -> dict[str, str]:
    """By the question's path, which fields its answers go to and how, as the workbook writes it."""
    told: dict[str, list[str]] = {}
    for rule in () if mapping is None else mapping["fields"]:
        words = f"{rule['record']}.{rule['field']} ({rule['mode']}{', ' + rule['codes'] if rule['codes'] else ''})"
        told.setdefault(rule["question"], []).append(words)
    return {path: "; ".join(sorted(words)) for path, words in told.items()}


def fields_fed(mapping: Mapping[str, Any] | None) -> frozenset[str]:
    """The dictionary's names of the fields that some question feeds."""
    if mapping is None:
        return frozenset()
    kinds = {rule["alias"]: rule["kind"] for rule in mapping["records"]}
    return frozenset(f"{kinds.get(rule['record'], rule['record'])}.{rule['field']}" for rule in mapping["fields"])
