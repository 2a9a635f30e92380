"""A one-time value is handed over once, by name; nothing that prints, logs, copies or stores objects gets it out."""

import copy
import csv
import dataclasses
import io
import json
import logging
import pickle
import sqlite3
import string
import sys
import traceback
from multiprocessing.reduction import ForkingPickler

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context, Template
from django.utils.encoding import force_bytes, force_str
from pythonjsonlogger.json import JsonFormatter

from registercodes.secret import MASK, AlreadyRevealed, OneTimeValue
from registercodes.tat.client import Created

SECRET = "21e9b871e123427dbee18b0cf3e0d766f91d81a9902843b7b046d7b9ffb9d45a"


@pytest.fixture
def value():
    return OneTimeValue(SECRET)


def logged(record_of) -> str:
    """What a JSON log of everything a record carries would hold."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("%(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    record_of(logger)
    return stream.getvalue()


def traceback_of(value, **how) -> str:
    try:
        raise ValueError(value)
    except ValueError:
        return "".join(traceback.TracebackException(*sys.exc_info(), **how).format())


def in_a_dataclass(value):
    return Created(code_id="9b5rb72b", value=value, request_id="")


SHOWN = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": format,
    "format with a spec": lambda value: format(value, ">80"),
    "f-string": lambda value: f"{value} {value!r} {value!s} {value:<3}",
    "str.format": lambda value: "{} {0}".replace("{} ", "").format(value),
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031
    "string.Template": lambda value: string.Template("$v").substitute(v=value),
    "print": lambda value: print(value, file=(stream := io.StringIO())) or stream.getvalue(),
    "repr of a list": lambda value: repr([value, {"value": value}]),
    "repr of a dataclass": lambda value: repr(in_a_dataclass(value)),
    "dir": lambda value: f"{dir(value)} {MASK}",
    "json with default=str": lambda value: json.dumps({"v": value}, default=str),
    "csv": lambda value: csv.writer(stream := io.StringIO()).writerow([value]) and stream.getvalue(),
    "Django template": lambda value: Template("{{ value }}{{ value|safe }}{{ value|pprint }}").render(
        Context({"value": value})
    ),
    "Django force_str": force_str,
    "Django force_bytes": lambda value: force_bytes(value).decode(),
    "log message": lambda value: logged(lambda logger: logger.error("got %s %r", value, value)),
    "log extra": lambda value: logged(lambda logger: logger.error("got", extra={"code": value, "all": [value]})),
    "traceback": traceback_of,
    "traceback with locals": lambda value: traceback_of(value, capture_locals=True),
}
REFUSED = {
    "json": json.dumps,
    "json of a dict": lambda value: json.dumps({"RegisterCodeValue": value}),
    "Django's JSON encoder": lambda value: json.dumps([value], cls=DjangoJSONEncoder),
    "a signed cookie": lambda value: signing.dumps({"value": value}),
    "pickle": pickle.dumps,
    "pickle, oldest protocol": lambda value: pickle.dumps(value, protocol=0),
    "pickle to another process": ForkingPickler.dumps,
    "a cache": lambda value: cache.set("value", value),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy inside": lambda value: copy.deepcopy({"list": [value]}),
    "dataclasses.asdict": lambda value: dataclasses.asdict(in_a_dataclass(value)),
    "dataclasses.astuple": lambda value: dataclasses.astuple(in_a_dataclass(value)),
    "reduce": lambda value: value.__reduce__(),
    "getstate": lambda value: value.__getstate__(),
    "vars": vars,
    "joining": lambda value: "".join([value]),
    "adding": lambda value: "value: " + value,
    "iterating": list,
    "len": len,
    "searching": lambda value: "2" in value,
    "bytes": bytes,
    "index": lambda value: value[0],
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_whatever_shows_an_object_shows_the_mask(value, show):
    shown = show(value)

    assert MASK in shown
    assert SECRET not in shown


@pytest.mark.parametrize("take", REFUSED.values(), ids=REFUSED)
def test_whatever_copies_or_serialises_is_refused(value, take):
    with pytest.raises(TypeError) as refusal:
        take(value)

    assert SECRET not in str(refusal.value)
    assert value.reveal() == SECRET


def test_a_database_does_not_take_it(value):
    with pytest.raises(sqlite3.Error) as refusal:
        sqlite3.connect(":memory:").execute("SELECT ?", [value])

    assert SECRET not in str(refusal.value)


def test_it_is_handed_over_once(value):
    assert value.reveal() == SECRET
    with pytest.raises(AlreadyRevealed):
        value.reveal()


def test_its_fingerprint_is_the_same_for_the_same_value_and_key_only(value):
    fingerprint = value.fingerprint(b"key")

    assert fingerprint == OneTimeValue(SECRET).fingerprint(b"key")
    assert fingerprint != OneTimeValue(SECRET).fingerprint(b"other key")
    assert fingerprint != OneTimeValue(SECRET[:-1]).fingerprint(b"key")
    assert len(fingerprint) == 64 and SECRET not in fingerprint


def test_a_fingerprint_does_not_use_it_up(value):
    value.fingerprint(b"key")

    assert value.reveal() == SECRET


def test_once_revealed_or_forgotten_it_gives_no_fingerprint_either(value):
    value.forget()

    for ask in (value.reveal, lambda: value.fingerprint(b"key")):
        with pytest.raises(AlreadyRevealed):
            ask()


def test_two_of_them_are_never_equal_so_that_nobody_can_guess(value):
    assert value != OneTimeValue(SECRET)
    assert value != SECRET
    assert len({value, OneTimeValue(SECRET)}) == 2


def test_after_it_was_revealed_nothing_is_left_to_show(value):
    value.reveal()

    assert SECRET not in repr([getattr(value, name, None) for name in dir(value)])
