"""Refusals of the OData service, by ODK Central's numbers."""

from server.api.problems import Problem


def unparseable(reason: str) -> Problem:
    """The $filter or $orderby is no expression."""
    return Problem("400.18", f"The OData expression cannot be read: {reason}", reason=reason)


def no_such_feature(text: str, at: int) -> Problem:
    """OData knows this; it is not offered here."""
    words = f"The OData expression uses what this server does not offer: {text}"
    return Problem("501.4", words, text=text, at=at)


def no_such_field(text: str, at: int = 0) -> Problem:
    """Only what is known of a submission without opening it can be filtered and sorted by."""
    words = f"The OData expression names a field that this server does not filter or sort by: {text}"
    return Problem("501.5", words, text=text, at=at)


def no_such_property(name: str) -> Problem:
    """A $select names what is not there, or may not be read."""
    return Problem("400.23", f"There is no property {name[:200]} to select here.", property=name[:200])


def inside_a_repeat(name: str) -> Problem:
    """A $select reaches into a repeat, whose rows are another table's."""
    words = f"{name[:200]} stands in a repeat; select it in the repeat's own table."
    return Problem("400.24", words, property=name[:200])


def not_together(one: str, other: str) -> Problem:
    """Two options that do not go together."""
    return Problem("501.11", f"{one} and {other} do not go together here.", options=[one, other])


def expands_all_or_nothing(text: str) -> Problem:
    """Only $expand=* is offered."""
    return Problem("501.6", "Only $expand=* is offered.", expected="*", got=text[:200])


def bad_token() -> Problem:
    """A $skiptoken is none that this server gave for this very query."""
    return Problem("400.35", "This $skiptoken is none that the server gave you for this query.")


def row_is_gone() -> Problem:
    """What a $skiptoken points behind is not there any more."""
    return Problem("400.34", "The row that this $skiptoken stands for is gone. Begin again without it.")


def wrong_format(expected: str) -> Problem:
    """The answer is wanted in a format that is not offered."""
    return Problem("406.1", f"This is answered in one format only: {expected}.", allowed=[expected])
