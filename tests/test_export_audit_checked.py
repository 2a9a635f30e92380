"""verifyaudit --export: whether a file is still what was written, told from the file, its manifest and the keys."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from records import a_code
from tampering import a_record, become_owner, edit, manage, put_triggers_back

from registercodes import audit
from registercodes.audit import Origin
from registercodes.models import Action, Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def code(alice, web):
    return a_code(team=web, person=alice, description="=HYPERLINK(1)", instance_name_prefix="-web")


@pytest.fixture
def history(code, alice, web):
    """A code asked for and made, and a sign-in of somebody."""
    origin = Origin("a" * 32, "2001:db8::1", "+cmd|' /C calc'!A0")
    with transaction.atomic():
        audit.record(Action.CODE_REQUESTED, Outcome.UNKNOWN, code=code, actor=alice, team=web, origin=origin)
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, team=web, detail={"注": [1, "é"]})
        audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS, actor=alice)


def written(style: str, tmp_path, *words: str) -> Path:
    file = tmp_path / f"out.{style}"
    call_command("exportaudit", "--format", style, "--output", str(file), *words, verbosity=0)
    return file


def verified(file: Path) -> tuple[int, str]:
    status, said, complained = manage("verifyaudit", "--export", file)
    return status, said + complained


@pytest.mark.parametrize("words", [(), ("--action", "user.signed_in", "--action", "code.issued", "--since", "2")])
@pytest.mark.parametrize(
    ("style", "claim"), [("csv", "The cells themselves prove nothing"), ("jsonl", "its own digest")]
)
def test_an_export_verifies_and_says_what_that_proves(history, words, style, claim, tmp_path):
    status, said = verified(written(style, tmp_path, *words))

    assert status == 0 and claim in said and "he database was not asked" in said
    assert ("No filter" in said) is (not words)


SPOILED = {
    "a word": (lambda text: text.replace('"Web"', '"Wet"', 1), "sequence 1: altered"),
    "a digest": (lambda text: text.replace('"event.hash":"', '"event.hash":"0'), "sequence 1: altered"),
    "a row less": (lambda text: "".join(text.splitlines(True)[:1] + text.splitlines(True)[2:]), "sequence 2: missing"),
    "no end": (lambda text: "".join(text.splitlines(True)[:2]), "sequence 3: missing: the manifest says"),
    "no row": (lambda text: "", "sequence 1: missing: the manifest says"),
    "a row twice": (lambda text: text + text.splitlines(True)[-1], "sequence 3: inserted: this number is there twice"),
    "another order": (lambda text: "".join(reversed(text.splitlines(True))), "sequence 1: missing"),
    "a blank": (lambda text: text.replace(",", ", ", 1), "was changed: its SHA-256 is not the manifest's"),
    "no event": (lambda text: text + "{}\n", "line 4: not an event of this portal"),
    "another field": (lambda text: text.replace("cloud.region", "mars.region"), "line 1: not an event of this portal"),
    "a list for a number": (
        lambda text: text.replace('"portal.form_version":1', '"portal.form_version":[1]'),
        "line 1: not an event of this portal",
    ),
    "a list": (lambda text: "[1]\n" + text, "line 1: not an event of this portal"),
    "nonsense": (lambda text: "{" + text, "line 1: not an event of this portal"),
    "a time that is none": (lambda text: text.replace('"@timestamp":"2', '"@timestamp":"x'), "sequence 1: altered"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_what_was_done_to_json_lines_is_named_at_the_row(history, how, tmp_path):
    spoil, found = SPOILED[how]
    file = written("jsonl", tmp_path)
    file.write_text(spoil(file.read_text()))

    status, said = verified(file)

    assert status == 1 and found in said


@pytest.mark.parametrize("how", ["a word", "a row less", "a row twice", "another order"])
def test_a_filtered_export_that_was_changed_does_not_verify(history, how, tmp_path):
    a_record(3)
    file = written("jsonl", tmp_path, "--action", "code.requested", "--action", "user.signed_in")
    file.write_text(SPOILED[how][0](file.read_text()))

    assert verified(file)[0] == 1


def test_a_changed_csv_does_not_verify(history, tmp_path):
    file = written("csv", tmp_path)
    file.write_bytes(file.read_bytes().replace(b"Alice", b"Alicia", 1))

    assert verified(file) == (1, f"{file} was changed: its SHA-256 is not the manifest's.\n")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda manifest: manifest.unlink(), "is missing: without it nothing says what"),
        (lambda manifest: manifest.write_text("{}"), "is no manifest to go by"),
        (
            lambda m: m.write_text(m.read_text().replace('"count": 3', '"count": 2')),
            "its seal does not fit its content",
        ),
    ],
)
def test_a_manifest_that_is_none_is_no_answer(history, spoil, why, tmp_path):
    file = written("jsonl", tmp_path)
    spoil(tmp_path / "out.jsonl.manifest.json")

    status, said = verified(file)

    assert status == 2 and why in said


# What must not happen.


def test_an_anchor_does_not_pass_for_a_manifest(history, tmp_path):
    file = written("jsonl", tmp_path)
    manage("anchoraudit", "--file", tmp_path / "anchor.json")
    (tmp_path / "out.jsonl.manifest.json").write_text((tmp_path / "anchor.json").read_text())

    assert verified(file)[0] == 2


def test_an_export_does_not_make_a_rewritten_row_look_whole(history, tmp_path):
    """The seal says what was exported, not that it was true: rows still have to prove themselves."""
    become_owner()
    edit(2, actor_name="Mallory")
    put_triggers_back()

    assert verified(written("jsonl", tmp_path))[1].startswith("sequence 2: altered")
