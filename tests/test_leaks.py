"""The canary: after a run in which everything went wrong, at DEBUG and unredacted, no secret is in any place that lasts."""

import base64
import contextlib
import functools
import hashlib
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from canary import Canary
from django.conf import settings
from django.core import signing
from reading_pages import heading, value_in
from sandbox_process import Sandbox
from server_process import Portal, Press

pytestmark = pytest.mark.processes

SECRET_ID = "AKIDcanarycanarycanary0123456789"
SECRET_KEY = "canaryKeyOfTheCloudAccount0123456789"
TOKEN = "canaryTokenOfTheCloudAccount0123456789abcdef"
PLANTED = "planted-Word-that-is-no-secret-0123456789"
SESSION_SALT = "django.contrib.sessions.SessionStore"
PLACES = ("logs", "database", "sessions", "cookies", "pages", "process list", "sandbox")

# Whole, torn and strange answers, each with a code's value inside wherever the fault lets it be.
FAULTS: list[dict] = [
    *({"fault": name} for name in ("reset", "close", "garbage", "truncated", "bad_chunk", "bad_gzip", "compressed")),
    *({"fault": name} for name in ("redirect", "html", "empty", "not_json", "nested", "wrong_shape", "no_id")),
    *({"fault": name, "execute": True} for name in ("no_value", "value_not_string", "error_and_data")),
    *({"fault": "error", "code": code} for code in ("LimitExceeded", "InternalError", "Brand.New")),
    {"fault": "error", "code": "RequestLimitExceeded", "times": 2},
    {"fault": "error", "code": "AuthFailure.TokenFailure"},
    {"fault": "huge", "megabytes": 2},
    {"fault": "stall"},
    {"fault": "stall_in_body"},
    {"fault": "wrong_content_type"},
]


@dataclass
class Run:
    """What a run left behind, and what must not be in it."""

    values: list[str] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    pages: list[str] = field(default_factory=list)
    places: dict[str, bytes] = field(default_factory=dict)

    def keep(self, answer) -> None:
        """A page that shows no value; one that does is the one place a value may be."""
        if value := value_in(answer):
            self.values.append(value)
        else:
            self.pages.append(answer.text + str(answer.headers))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("leaks")
    run = Run()
    with (
        Sandbox(directory, rate=0, secret_id=SECRET_ID, secret_key=SECRET_KEY, token=TOKEN) as sandbox,
        loud_portal(directory, sandbox) as portal,
        processes() as seen,
        subprocess.Popen([sys.executable, "-c", "input()", PLANTED], stdin=subprocess.PIPE) as planted,
    ):
        visitors = everything_goes_wrong(portal, run)
        plant_session(portal)
        planted.communicate(b"\n")
        run.digests = {code.ValueSha256 for code in sandbox.codes()}
        visitors[0].cookies.set("planted", PLANTED)
        run.places = {
            "logs": portal.output().encode(),
            "database": portal.database.content(),
            "sessions": sessions(portal).encode(),
            "cookies": "\n".join(repr(list(visitor.cookies)) for visitor in visitors).encode(),
            "pages": "\n".join(run.pages).encode(),
            "process list": "\n".join(seen).encode(),
            "sandbox": b"".join(path.read_bytes() for path in directory.glob(f"{sandbox.state_file.name}*")),
        }
        portal.kill()
        yield run


def loud_portal(directory: Path, sandbox: Sandbox) -> Portal:
    portal = Portal(directory, sandbox, settings="settings_loud", LOG_LEVEL="DEBUG", TAT_DEADLINE="1")
    for name in ("SECRET_ID", "SECRET_KEY", "TOKEN"):
        file = directory / f"{name}.txt"
        file.write_text(portal.environment.pop(f"TENCENTCLOUD_{name}") + "\n")
        portal.environment[f"TENCENTCLOUD_{name}_FILE"] = str(file)
    return portal


@contextlib.contextmanager
def processes():
    """Every command line that existed at some moment, ours and those of others."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(file.read_text(errors="replace").replace("\0", " "))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield seen
    over.set()
    thread.join()


def everything_goes_wrong(portal: Portal, run: Run) -> list:
    alice, dora = portal.sign_in("alice"), portal.sign_in("dora")
    fields = portal.form(alice, description=PLANTED)
    for changes in ({}, {}, {"region": "eu-frankfurt"}):
        run.keep(portal.send(alice, fields | changes))
    for fault in FAULTS:
        portal.sandbox.fault(**fault)
        run.keep(portal.post_new(alice, description="faulty"))
        portal.sandbox.clear_faults()
    portal.sandbox.fault("error", code="LimitExceeded", message=run.values[0])
    run.keep(portal.post_new(alice))
    portal.sandbox.fault(
        "wrong_shape", body={"Response": {"RegisterCodeValue": run.values[0], "Error": run.values[0]}}
    )
    run.keep(portal.post_new(alice))
    rights_end(portal, alice, run)
    alice = portal.sign_in("alice")
    for row in portal.rows():
        run.keep(alice.get(f"/codes/{row.reference}/"))
    for path in ("/", "/nowhere/", "/teams/payments/codes/new/", "/codes/zzzzzzz/"):
        run.keep(alice.get(path))
    run.keep(portal.post_new(alice, description=PLANTED, register_limit="0"))
    run.keep(alice.post("/teams/web/codes/new/", {}))
    page_breaks_with_the_value_in_hand(portal, alice, run)
    return [alice, dora]


def rights_end(portal: Portal, alice, run: Run) -> None:
    portal.sandbox.fault("stall", seconds=0.8)
    before = len(portal.sandbox.codes())
    press = Press(portal, alice, portal.form(alice))
    while len(portal.sandbox.codes()) == before:
        pass
    portal.database.execute("DELETE FROM registercodes_membership")
    answer = press.answer()
    assert heading(answer) == "The code was made, but its value is withheld"
    run.keep(answer)


def page_breaks_with_the_value_in_hand(portal: Portal, alice, run: Run) -> None:
    """The outcome is committed, the template fails: a 500 whose frames held the value."""
    broken = portal.output_file.parent / "broken"
    (broken / "registercodes").mkdir(parents=True)
    (broken / "registercodes" / "issued.html").write_text(
        '{{ value }}{{ commands.linux }}{% include "registercodes/missing.html" %}'
    )
    portal.kill()
    portal.environment["BROKEN_TEMPLATES"] = str(broken)
    portal.start()
    answer = portal.post_new(alice)
    assert (answer.status_code, portal.rows()[-1].state) == (500, "issued")
    run.keep(answer)


def plant_session(portal: Portal) -> None:
    content = signing.dumps({"planted": PLANTED}, key=settings.SECRET_KEY, salt=SESSION_SALT, compress=True)
    statement = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('planted', ?, ?)"
    portal.database.execute(statement, content, "2099-01-01 00:00:00")


def sessions(portal: Portal) -> str:
    """What they say once unpacked; the rows themselves hold it compressed."""
    read = functools.partial(signing.loads, key=settings.SECRET_KEY, salt=SESSION_SALT)
    return "\n".join(repr(read(row.session_data)) for row in portal.database.query("SELECT * FROM django_session"))


# The scanner is not blind.


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_word_is_found_in_every_place(run, place):
    assert Canary({PLANTED: "planted"}).seen_in(run.places[place]) == {"planted"}


def test_a_value_is_found_whole_cut_and_encoded(run):
    value = "".join(f"{number:02x}" for number in range(32, 64))
    canary = Canary({value: "value"})
    told = (value, value.upper(), value[:30], f"{value[:31]}\n{value[31:]}", value.encode().hex(), value[::-1])
    packed = (base64.b64encode(bytes.fromhex(value)), *(base64.b64encode(b"x" * n + value.encode()) for n in range(3)))
    assert [canary.seen_in(text.encode()) for text in told] == [{"value"}] * len(told)
    assert [canary.seen_in(b"x=" + text) for text in packed] == [{"value"}] * len(packed)
    assert canary.seen_in(b"nothing of the kind " * 50) == set()


def test_a_value_nobody_saw_is_found_by_its_digest(run):
    value = "ab" * 32
    canary = Canary({PLANTED: "planted"}, digests={hashlib.sha256(value.encode()).hexdigest()})
    assert canary.seen_in(f'{{"x": "{value}"}}'.encode()) == {"a value nobody saw"}


def test_the_run_was_as_bad_as_it_should_be(run):
    log = run.places["logs"].decode()
    assert len(run.values) >= 3 and len(run.digests) > len(run.values)
    for said in ("django.db.backends", "urllib3.connectionpool", "TemplateDoesNotExist", "Internal Server Error"):
        assert said in log
    assert "INSERT INTO" in log


# What must not happen.


@pytest.mark.parametrize("place", PLACES)
def test_no_value_is_in_any_place_that_lasts(run, place):
    canary = Canary({value: f"value {number}" for number, value in enumerate(run.values)}, digests=run.digests)
    assert canary.seen_in(run.places[place]) == set()


@pytest.mark.parametrize("place", PLACES)
def test_no_key_is_in_any_place_that_lasts(run, place):
    keys = {
        SECRET_KEY: "secret key",
        TOKEN: "token",
        settings.SECRET_KEY: "SECRET_KEY",
        settings.AUDIT_KEY: "AUDIT_KEY",
    }
    assert Canary(keys).seen_in(run.places[place]) == set()


@pytest.mark.parametrize("place", PLACES)
def test_no_authorization_header_is_in_any_place_that_lasts(run, place):
    assert re.findall(rb"TC3-HMAC-SHA256|Credential=", run.places[place]) == []
