"""A number is plain ASCII digits as anybody would write them; no other spelling is ever guessed at."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registercodes import rules
from registercodes.rules import Problem, parse_number

OTHER_SPELLINGS = [
    *("+5", "010", "1_0", "1e1", "10.0", "0x10", "0b1", "1,000", "1 000", " 10", "10 ", "10\n", "\n10", "1\u00a00"),
    *("", "-", "--5", "+", "ten", "∞", "NaN", "½", "²", "10h", "-0", "00", "0_0", "-010", "−5", "10\x00"),
    "١٠",  # Arabic-Indic
    "۱۰",  # Persian
    "１０",  # full-width
    "१०",  # Devanagari
    "𝟏𝟎",  # mathematical bold
    "10٠",
]


@pytest.mark.parametrize("text", ["0", "1", "10", "9999", "10000", "99999", "100000", "-1", "-10", "9" * 18])
def test_plain_digits_are_read_as_they_stand(text):
    assert parse_number("register_limit", text) == int(text)


@pytest.mark.parametrize("text", OTHER_SPELLINGS, ids=ascii)
def test_any_other_spelling_is_refused_with_a_plain_message(text):
    found = parse_number("register_limit", text)

    assert isinstance(found, Problem)
    assert (found.field, found.code) == ("register_limit", "not_a_number")


@pytest.mark.parametrize("text", ["1" * 20, "9" * 5000, "-" + "9" * 5000, "1" * 1_000_000])
def test_a_number_of_thousands_of_digits_is_refused_fast(text):
    began = time.perf_counter()

    found = parse_number("effective_time", text)

    assert isinstance(found, Problem) and found.code == "too_large"
    assert time.perf_counter() - began < 0.01


@pytest.mark.parametrize("text", ["-" * 100_000, "0" * 100_000, "1" * 100_000 + "x", "1_" * 50_000, "٣" * 100_000])
def test_a_long_text_that_is_no_number_is_refused_fast(text):
    began = time.perf_counter()

    assert isinstance(parse_number("register_limit", text), Problem)
    assert time.perf_counter() - began < 0.01


@given(number=st.integers(-(2**63), 2**63 - 1))
def test_every_int64_round_trips(number):
    assert parse_number("effective_time", str(number)) == number


@given(text=st.text(st.sampled_from("0123456789-+_.eE ٠１x"), max_size=24) | st.text(max_size=12))
def test_nothing_is_accepted_that_python_would_print_differently(text):
    found = parse_number("register_limit", text)

    assert isinstance(found, Problem) or str(found) == text


@given(digits=st.text(st.characters(categories=("Nd",), max_codepoint=0x1FFFF), min_size=1, max_size=8))
def test_digits_of_no_other_script_are_accepted(digits):
    found = parse_number("register_limit", digits)

    assert isinstance(found, Problem) or digits.isascii()


def test_a_sentence_never_repeats_what_was_typed():
    found = parse_number("register_limit", "<script>")

    assert "script" not in str(found)
    assert rules.NUMBER.fullmatch("<script>") is None
