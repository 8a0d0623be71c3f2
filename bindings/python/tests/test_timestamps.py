"""TimestampMicros, TimestampNanos, ServerTimestamp, and datetimes as numbers."""

import copy
import datetime as dt
import pickle
import random
import subprocess
import sys
import time

import pytest

from questdb.ingress import Buffer, ServerTimestamp, TimestampMicros, TimestampNanos

KINDS = [TimestampMicros, TimestampNanos]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def micros(moment):
    """Microseconds since 1970, in integers only."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


@pytest.mark.parametrize("kind", KINDS)
def test_T1_value(kind):
    for value in (0, 1, 2**63 - 1):
        assert kind(value).value == value
    with pytest.raises(AttributeError):
        kind(1).value = 2


@pytest.mark.parametrize("kind", KINDS)
def test_T2_negative(kind):
    with pytest.raises(ValueError, match="value must be a positive integer"):
        kind(-1)
    assert kind(0).value == 0


@pytest.mark.parametrize("kind", KINDS)
def test_T3_other_types(kind):
    for value in (1.5, "1", None, 2.0):
        with pytest.raises(TypeError):
            kind(value)
    with pytest.raises(OverflowError):
        kind(2**63)


def test_T4_now():
    before = time.time_ns()
    nanos, micros = TimestampNanos.now().value, TimestampMicros.now().value
    after = time.time_ns()
    assert before <= nanos <= after
    assert before // 1000 <= micros <= after // 1000


ZONES = """
import datetime as dt, sys
from questdb_ingress import Buffer, TimestampMicros, TimestampNanos
places = [dt.datetime(*d, fold=f) for f in (0, 1) for d in (
    (2024, 1, 15, 12), (2024, 7, 15, 12, 30, 1, 999_999), (2024, 3, 10, 2, 30), (2024, 3, 10, 1, 59, 59), (2024, 3, 10, 3),
    (2024, 11, 3, 1, 30), (2024, 11, 3, 0, 59, 59), (2024, 11, 3, 2), (1970, 1, 2), (2037, 7, 1), (2099, 7, 1))]
places += [dt.datetime(2024, 11, 2) + dt.timedelta(minutes=7 * i) for i in range(400)]
class Own(dt.datetime):
    pass
for place in places:
    # Whole seconds are exact in a float.
    want = int(place.replace(microsecond=0).timestamp()) * 10**6 + place.microsecond
    assert TimestampMicros.from_datetime(place).value == want, place
    assert TimestampNanos.from_datetime(place).value == want * 1000, place
    own = Own(*place.timetuple()[:6], place.microsecond, fold=place.fold)
    for moment in (place, own):
        row = str(Buffer().row('t', columns={'d': moment}, at=moment))
        assert row == f't d={want}t {want * 1000}\\n', (moment, row)
print(len(places), want)
"""


CHANGING_ZONES = """
import datetime as dt, os, random, time
from questdb_ingress import Buffer
chance = random.Random(7)
day, changes = dt.timedelta(days=1), [dt.datetime(y, m, d) for y in (1976, 1998, 2024, 2030) for m, d in ((3, 10), (3, 31), (10, 27), (11, 3))]
def some(count):
    for _ in range(count):
        near = chance.choice(changes) + chance.uniform(-2, 2) * day
        far = dt.datetime(1970, 1, 3) + chance.uniform(0, 47_000) * day
        for place in (near, far):
            yield place.replace(microsecond=0, fold=chance.randrange(2))
zones = ['UTC', 'Europe/Berlin', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Gaza']
for turn in range(28):
    # Zones of the same names and offsets today follow one another.
    os.environ['TZ'] = zones[turn % len(zones)]
    time.tzset()
    for place in some(400):
        row = str(Buffer().row('t', columns={'d': place}, at=dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)))
        want = f't d={int(place.timestamp()) * 10**6}t 946684800000000000\\n'
        assert row == want, (os.environ['TZ'], place, place.fold, row, want)
"""


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system has no TZ")
def test_T5_the_local_zone_may_change():
    done = subprocess.run([sys.executable, "-c", CHANGING_ZONES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system has no TZ")
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin"])
def test_T5_without_zone_is_local_time(zone):
    code = f"import os, time; os.environ['TZ'] = {zone!r}; time.tzset()\n{ZONES}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_T5_zones_of_datetimes():
    from zoneinfo import ZoneInfo

    for zone in (dt.timezone.utc, dt.timezone(dt.timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Berlin")):
        for fold in (0, 1):
            moment = dt.datetime(2024, 10, 27, 2, 30, 0, 7, tzinfo=zone, fold=fold)
            assert TimestampMicros.from_datetime(moment).value == micros(moment)
            assert str(Buffer().row("t", columns={"d": moment}, at=ServerTimestamp)) == f"t d={micros(moment)}t\n"


def test_T6_exact():
    chance = random.Random(6)
    last = micros(dt.datetime(2262, 4, 11, tzinfo=dt.timezone.utc))
    for _ in range(2000):
        want = chance.randrange(last)
        moment = EPOCH + dt.timedelta(microseconds=want)
        assert TimestampMicros.from_datetime(moment).value == want
        assert TimestampNanos.from_datetime(moment).value == want * 1000


@pytest.mark.parametrize("kind", KINDS)
def test_T7_no_datetime(kind):
    for value in (dt.date(2024, 1, 1), "2024-01-01", 5, None):
        with pytest.raises(TypeError):
            kind.from_datetime(value)
    with pytest.raises(ValueError, match="value must be a positive integer."):
        kind.from_datetime(dt.datetime(1969, 12, 31, tzinfo=dt.timezone.utc))
    with pytest.raises(OverflowError):
        TimestampNanos.from_datetime(dt.datetime(2263, 1, 1, tzinfo=dt.timezone.utc))


def test_T8_repr():
    assert repr(TimestampNanos(123)) == "TimestampNanos(123)"
    assert repr(TimestampMicros(123)) == "TimestampMicros(123)"


def test_T8_objects_by_value():
    for kind in KINDS:
        assert kind(5) == kind(5) and kind(5) != kind(6) and kind(5) < kind(6)
        assert {kind(5), kind(5)} == {kind(5)}
        for same in (copy.copy(kind(5)), copy.deepcopy(kind(5)), pickle.loads(pickle.dumps(kind(5)))):
            assert same == kind(5) and type(same) is kind
    assert TimestampMicros(5) != TimestampNanos(5)


def test_T9_server_timestamp():
    for same in (copy.copy(ServerTimestamp), copy.deepcopy(ServerTimestamp), pickle.loads(pickle.dumps(ServerTimestamp))):
        assert same is ServerTimestamp
    assert str(Buffer().row("t", columns={"a": 1}, at=ServerTimestamp)) == "t a=1i\n"
    assert repr(ServerTimestamp) == "ServerTimestamp"
