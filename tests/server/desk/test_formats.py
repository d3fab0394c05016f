from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from server.desk.formats import (
    clock_in_words,
    count_in_words,
    day_in_words,
    duration_in_words,
    moment_in_words,
    size_in_words,
    time_left,
)
from tests.server.desk.look import look_app

EN, ES = Locale("en"), Locale("es")
BELIZE = ZoneInfo("America/Belize")
EVENING = datetime(2026, 5, 3, 20, 10, tzinfo=UTC)


def test_a_day_is_written_in_words_of_the_readers_language():
    assert day_in_words(date(2026, 5, 3), locale=EN) == "3 May 2026"
    assert day_in_words(date(2026, 5, 3), locale=ES) == "3 de mayo de 2026"


def test_a_moment_is_shown_on_the_ministrys_clocks():
    assert moment_in_words(EVENING, locale=EN, zone=BELIZE) == "3 May 2026, 14:10"
    assert moment_in_words(EVENING, locale=ES, zone=BELIZE) == "3 de mayo de 2026, 14:10"


def test_the_day_turns_where_the_ministry_is_not_in_london():
    assert moment_in_words(datetime(2026, 5, 4, 3, 0, tzinfo=UTC), locale=EN, zone=BELIZE) == "3 May 2026, 21:00"


def test_a_moment_without_zone_is_universal_time():
    assert clock_in_words(datetime(2026, 5, 3, 20, 10), locale=EN, zone=BELIZE) == "14:10"


def test_another_language_gets_its_own_long_date():
    assert day_in_words(date(2026, 5, 3), locale=Locale("fr")) == "3 mai 2026"


@pytest.mark.parametrize(
    ("length", "english", "spanish"),
    [
        (timedelta(seconds=59), "0 minutes", "0 minutos"),
        (timedelta(minutes=42), "42 minutes", "42 minutos"),
        (timedelta(minutes=61), "1 hour", "1 hora"),
        (timedelta(hours=47, minutes=59), "47 hours", "47 horas"),
        (timedelta(days=9), "9 days", "9 días"),
    ],
)
def test_a_duration_names_its_largest_unit(length, english, spanish):
    assert duration_in_words(length, locale=EN) == english
    assert duration_in_words(length, locale=ES) == spanish


@pytest.mark.parametrize(
    ("octets", "words"), [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_240_000, "1.2 MB"), (3_000_000_000, "3 GB")]
)
def test_a_size_is_short(octets, words):
    assert size_in_words(octets, locale=EN) == words


def test_numbers_keep_the_point_that_the_region_uses_in_both_languages():
    assert count_in_words(1204, locale=EN) == count_in_words(1204, locale=ES) == "1,204"
    assert size_in_words(1_240_000, locale=ES) == "1.2 MB"


@pytest.mark.parametrize(
    ("until", "english", "spanish"),
    [
        (timedelta(minutes=42), "42 minutes left", "quedan 42 minutos"),
        (timedelta(minutes=1, seconds=30), "1 minute left", "queda 1 minuto"),
        (timedelta(hours=20), "20 hours left", "quedan 20 horas"),
        (timedelta(days=6), "6 days left", "quedan 6 días"),
        (timedelta(minutes=-5), "5 minutes late", "5 minutos de retraso"),
        (timedelta(days=-3), "3 days late", "3 días de retraso"),
    ],
)
def test_a_clock_says_what_is_left_and_what_is_late(until, english, spanish):
    app = look_app()
    for language, words in (("en", english), ("es", spanish)):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert time_left(EVENING + until, EVENING) == words
