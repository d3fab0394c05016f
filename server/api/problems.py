"""Refusals by the numbers that ODK Central's clients know: the whole part is the status."""

from typing import Any


class Problem(Exception):
    """The request is refused; the text says what is wrong with it, and nothing was changed."""

    def __init__(self, code: str, words: str, **details: Any) -> None:
        super().__init__(words)
        self.code = code
        self.details = details

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.code.partition(".")[0])


def missing(*fields: str) -> Problem:
    """A field that must be there is not."""
    if len(fields) == 1:
        return Problem("400.2", f"The field {fields[0]} is missing.", field=fields[0])
    return Problem("400.3", f"These fields are needed: {', '.join(fields)}.", expected=list(fields))


def unexpected(field: str) -> Problem:
    """A field that is not known here was given."""
    return Problem("400.4", f"The field {field} is not known here.", field=field)


def unreadable(words: str) -> Problem:
    """What was sent cannot be read at all."""
    return Problem("400.1", words)


def wrong_value(field: str, reason: str) -> Problem:
    """The value of a field cannot be used."""
    return Problem("400.8", f"The value of {field} cannot be used: {reason}", field=field, reason=reason)


def wrong_type(field: str, expected: str) -> Problem:
    """The value of a field is of another kind."""
    return Problem("400.11", f"The field {field} must be {expected}.", field=field, expected=expected)


def taken(fields: str, values: str) -> Problem:
    """Something that may be there only once is there already."""
    return Problem("409.3", f"There is one with this {fields} already: {values}.", fields=fields, values=values)


def not_offered(feature: str) -> Problem:
    """ODK Central does this; Fieldcase does not."""
    return Problem("501.1", f"Fieldcase does not offer this: {feature}", feature=feature)
