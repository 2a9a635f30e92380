"""One visible line: what hides or reorders text is refused, what languages need is not; the mark is ours alone."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registercodes import rules

references = st.text(rules.MARK_ALPHABET, min_size=7, max_size=7)
texts = st.text(max_size=140)
REFERENCE = "abc2xyz"

FORBIDDEN = {
    "NUL": "\x00",
    "newline": "\n",
    "carriage return": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "high surrogate": "\ud83d",
    "low surrogate": "\ude80",
    "right-to-left override": "\u202e",
    "left-to-right override": "\u202d",
    "embedding": "\u202a",
    "pop": "\u202c",
    "isolate": "\u2066",
    "pop isolate": "\u2069",
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "Arabic letter mark": "\u061c",
    "what a browser makes of a lone surrogate": "\ufffd",
}
ALLOWED = {
    "family emoji of four joined": "👨‍👩‍👧‍👦",
    "flag": "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "Devanagari with joiner": "क्‍ष",
    "Persian with non-joiner": "می‌خواهم",
    "Hebrew": "שרת אינטרנט",
    "combining marks": "Zͪa̡l̴g͜o̶",
    "CJK": "此注册码用于注册托管实例",
    "no-break space": "a\u00a0b",
    "markup": "<script>alert(1)</script>",
    "format strings": "%s %(x)s {x} {{ x }} ${x} {0}",
    "quotes and backslash": "\"'`\\",
}


def said(text, *, name="description", longest=128):
    problem = rules.check_text(name, text, longest=longest)
    return problem and problem.code


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_every_language_and_any_visible_sign_is_allowed(text):
    assert said(text) is None


@pytest.mark.parametrize("char", FORBIDDEN.values(), ids=FORBIDDEN)
@pytest.mark.parametrize("around", ["{}", "web{}", "{}web", "we{}b"])
def test_what_hides_or_reorders_text_is_refused_and_named(char, around):
    problem = rules.check_text("description", around.replace("{}", char), longest=128)

    assert problem.code == "forbidden_character"
    assert f"U+{ord(char):04X}" in str(problem)


def test_length_is_told_before_a_character_is():
    assert said("\n" * 129) == "too_long"


@given(text=st.text(max_size=128))
def test_a_text_is_accepted_exactly_when_no_sign_of_it_is_forbidden(text):
    hidden = [char for char in text if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    reordering = [
        char for char in text if unicodedata.bidirectional(char) in BIDI_CONTROLS or char in "\u200e\u200f\u061c"
    ]

    assert (said(text) is None) == (not hidden and not reordering and "\ufffd" not in text)


BIDI_CONTROLS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


# The mark.


@given(description=texts, reference=references)
def test_a_description_with_its_mark_never_exceeds_128_characters(description, reference):
    assume(len(description) <= 128)

    assert len(rules.with_mark(description, reference)) <= 128


@given(description=texts, reference=references)
def test_a_mark_that_was_written_is_read_back(description, reference):
    sent = rules.with_mark(description, reference)
    assume(sent != description)

    assert rules.mark_in(sent) == reference
    assert sent.startswith(description)


@pytest.mark.parametrize(("length", "marked"), [(0, True), (118, True), (119, True), (120, False), (128, False)])
def test_the_mark_is_appended_whenever_both_still_fit(length, marked):
    sent = rules.with_mark("d" * length, REFERENCE)

    assert (rules.mark_in(sent) == REFERENCE) is marked
    assert marked or sent == "d" * length


def test_an_empty_description_is_sent_as_the_mark_alone():
    assert rules.with_mark("", REFERENCE) == f"~{REFERENCE}"


@pytest.mark.parametrize(
    "typed", [f"~{REFERENCE}", f"web ~{REFERENCE}", f"web  ~{REFERENCE}", f"~{REFERENCE} ~{REFERENCE}"]
)
def test_a_typed_mark_is_refused(typed):
    assert rules.check_description_mark(typed).code == "looks_like_mark"


@pytest.mark.parametrize(
    "typed",
    [f"web~{REFERENCE}", f"~{REFERENCE} web", "web ~ABC2XYZ", "web ~abc2xy", "web ~abc2xyz9", "web ~abc1xyz", "~"],
)
def test_what_only_resembles_a_mark_is_allowed_and_read_as_none(typed):
    assert rules.check_description_mark(typed) is None
    assert rules.mark_in(typed) is None


@given(description=texts)
def test_no_description_that_passes_the_rules_carries_a_mark(description):
    assume(rules.check_description_mark(description) is None)

    assert rules.mark_in(description) is None


@pytest.mark.parametrize("tail", ["\n", " ", ".", "\u200b"])
def test_a_mark_that_is_not_at_the_very_end_is_never_read(tail):
    assert rules.mark_in(f"web ~{REFERENCE}{tail}") is None
