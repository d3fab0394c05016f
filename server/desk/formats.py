"""Dates, times, durations, sizes and counts in the reader's language and the ministry's time zone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

import flask_babel
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from babel.units import format_unit

# How the region writes: day before month in English, a decimal point in Spanish.
REGION = {"en": "en_001", "es": "es_419"}
DAY = {"en": "d MMMM y", "es": "d 'de' MMMM 'de' y"}
SIZES = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def day_in_words(day: date, *, locale: Locale) -> str:
    """'3 May 2026', '3 de mayo de 2026'."""
    return format_date(day, DAY.get(locale.language, "long"), locale=region(locale))


def moment_in_words(when: datetime, *, locale: Locale, zone: tzinfo) -> str:
    """'3 May 2026, 14:10' as clocks in the zone showed it; a moment without zone is taken as UTC."""
    local = in_zone(when, zone)
    return f"{day_in_words(local.date(), locale=locale)}, {clock_in_words(local, locale=locale, zone=zone)}"


def clock_in_words(when: datetime, *, locale: Locale, zone: tzinfo) -> str:
    """'14:10' as clocks in the zone showed it."""
    return format_datetime(in_zone(when, zone), "HH:mm", tzinfo=zone, locale=region(locale))


def duration_in_words(length: timedelta, *, locale: Locale) -> str:
    """'42 minutes', '3 hours', rounded down to the largest unit that is not zero."""
    unit, number = largest_unit(length)
    return format_unit(number, f"duration-{unit}", locale=region(locale))


def size_in_words(octets: int, *, locale: Locale) -> str:
    """'1.2 MB' (1 MB is a million octets)."""
    for unit, worth in SIZES:
        if octets >= worth:
            return f"{format_decimal(octets / worth, '#,##0.#', locale=region(locale))} {unit}"
    return f"{octets} B"


def count_in_words(number: int, *, locale: Locale) -> str:
    """'1,204'."""
    return str(format_decimal(number, locale=region(locale)))


def time_left(until: datetime, now: datetime) -> str:
    """'42 minutes left' in the request's language, or '42 minutes late' once the moment has passed."""
    unit, number = largest_unit(abs(until - now))
    left, late = {
        "day": (
            flask_babel.ngettext("%(num)s day left", "%(num)s days left", number),
            flask_babel.ngettext("%(num)s day late", "%(num)s days late", number),
        ),
        "hour": (
            flask_babel.ngettext("%(num)s hour left", "%(num)s hours left", number),
            flask_babel.ngettext("%(num)s hour late", "%(num)s hours late", number),
        ),
        "minute": (
            flask_babel.ngettext("%(num)s minute left", "%(num)s minutes left", number),
            flask_babel.ngettext("%(num)s minute late", "%(num)s minutes late", number),
        ),
    }[unit]
    return str(left if until >= now else late)


def largest_unit(length: timedelta) -> tuple[str, int]:
    """The unit a person would say ('day' from two days on) and how many whole ones there are."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes >= 2 * 24 * 60:
        return "day", minutes // (24 * 60)
    if minutes >= 60:
        return "hour", minutes // 60
    return "minute", minutes


def in_zone(when: datetime, zone: tzinfo) -> datetime:
    """The same moment on the zone's clocks."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(zone)


def region(locale: Locale) -> Locale:
    """The locale with the region's habits of writing, where we know them."""
    return Locale.parse(REGION.get(locale.language, str(locale)))


def filters() -> dict[str, Callable[..., str]]:
    """The template filters, each bound to the language and time zone of the request."""
    return {
        "day": lambda day: day_in_words(day, locale=reader()),
        "moment": lambda when: moment_in_words(when, locale=reader(), zone=zone()),
        "clock": lambda when: clock_in_words(when, locale=reader(), zone=zone()),
        "duration": lambda length: duration_in_words(length, locale=reader()),
        "time_left": time_left,
        "size": lambda octets: size_in_words(octets, locale=reader()),
        "count": lambda number: count_in_words(number, locale=reader()),
    }


def reader() -> Locale:
    """The language of whoever reads this page."""
    return flask_babel.get_locale() or Locale("en")


def zone() -> tzinfo:
    """The ministry's time zone."""
    return flask_babel.get_timezone() or UTC
