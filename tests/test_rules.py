"""The rules are the vendor's table, no more and no less: every bound, one step inside and one step outside it."""

import json
from datetime import date
from pathlib import Path

import pytest

from registercodes import rules
from registercodes.rules import Asked

PAGE = json.loads((Path(__file__).parent / "vendor_rules.json").read_text())
TABLE = PAGE["parameters"]
REGIONS = ("ap-singapore",)
CHECKED_TEXTS = {"Description": rules.DESCRIPTION_MAX, "InstanceNamePrefix": rules.PREFIX_MAX}


def problems(**changes) -> list[str]:
    """What the rules say of one parameter changed, as ``field.code``."""
    asked = Asked(**({"region": REGIONS[0]} | changes))
    return [f"{problem.field}.{problem.code}" for problem in rules.check(asked, regions=REGIONS)]


def with_parameter(name, value) -> list[str]:
    return problems(**{TABLE[name]["field"]: value})


def test_the_transcription_says_which_page_it_is_and_when_it_was_read():
    assert PAGE["page"].startswith("https://www.tencentcloud.com/document/")
    assert date.fromisoformat(PAGE["page_updated"]) < date.fromisoformat(PAGE["transcribed"])


def test_the_rules_know_exactly_the_parameters_of_the_table():
    asked = Asked("ap-singapore", "d", "p", 1, 1, "192.0.2.1")

    assert set(rules.api_parameters(asked, description="d")) == set(TABLE)
    assert set(vars(asked)) - {"region"} == {row["field"] for row in TABLE.values()}


def test_the_numbers_in_the_rules_are_the_tables():
    assert {name: TABLE[name]["max"] for name in CHECKED_TEXTS} == CHECKED_TEXTS
    limit, hours = TABLE["RegisterLimit"], TABLE["EffectiveTime"]
    assert (limit["min"], limit["max"], limit["default"]) == (rules.LIMIT_MIN, rules.LIMIT_MAX, rules.LIMIT_DEFAULT)
    assert (hours["permanent_above"], hours["default"]) == (rules.HOURS_MAX, rules.HOURS_DEFAULT)


def test_what_is_not_given_takes_the_tables_defaults():
    asked = Asked(region="ap-singapore")

    assert {name: getattr(asked, row["field"]) for name, row in TABLE.items()} == {
        name: row["default"] for name, row in TABLE.items()
    }


@pytest.mark.parametrize("name", CHECKED_TEXTS)
@pytest.mark.parametrize("character", ["a", "注", "🚀", "e\u0301", "\u0928\u093f"], ids=ascii)
def test_a_text_fits_up_to_the_tables_length_counted_in_code_points(name, character):
    longest = (character * TABLE[name]["max"])[: TABLE[name]["max"]]

    assert with_parameter(name, longest) == []
    assert with_parameter(name, longest[:-1]) == []
    assert with_parameter(name, longest + character[0]) == [f"{TABLE[name]['field']}.too_long"]


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, []), (2, []), (9_999, []), (10_000, []), (0, ["too_small"]), (-1, ["too_small"]), (10_001, ["too_large"])],
)
def test_a_limit_is_from_1_to_10000(number, said):
    assert with_parameter("RegisterLimit", number) == [f"register_limit.{code}" for code in said]


@pytest.mark.parametrize(
    ("hours", "said", "permanent"),
    [
        (-1, ["too_small"], False),
        (0, ["too_small"], False),
        (1, [], False),
        (99_998, [], False),
        (99_999, [], False),
        (100_000, [], True),
        (100_001, [], True),
        (2**63 - 1, [], True),
        (2**63, ["too_large"], True),
    ],
)
def test_hours_are_1_or_more_and_permanent_above_99999(hours, said, permanent):
    assert with_parameter("EffectiveTime", hours) == [f"effective_time.{code}" for code in said]
    assert Asked("ap-singapore", effective_time=hours).permanent is permanent


def test_what_permanent_sends_is_the_first_number_that_means_it():
    assert TABLE["EffectiveTime"]["permanent_above"] + 1 == rules.PERMANENT_HOURS


@pytest.mark.parametrize("example", PAGE["examples"], ids=["with parameters", "no parameters"])
def test_the_examples_of_the_page_are_accepted_and_sent_as_they_stand(example):
    fields = {TABLE[name]["field"]: value for name, value in example.items()}
    asked = Asked(region="ap-singapore", **fields)

    sent = rules.api_parameters(asked, description=asked.description)

    assert rules.check(asked, regions=REGIONS) == []
    assert sent == {"RegisterLimit": 10, "EffectiveTime": 4} | example


def test_every_problem_is_reported_at_once_and_reads_as_a_sentence():
    asked = Asked("mars", "d" * 129, "p" * 33, 0, 0, "::1")

    found = rules.check(asked, regions=REGIONS)

    assert [problem.field for problem in found] == [
        *("region", "description", "instance_name_prefix", "register_limit", "effective_time", "ip_address_range")
    ]
    assert all(str(problem).endswith(".") and "%" not in str(problem) for problem in found)
    assert str(found[1]) == "Use at most 128 characters; this has 129."


@pytest.mark.parametrize("region", ["", "ap-Singapore", "ap-singapore ", "ap-singapore\n", "mars", "*"])
def test_no_region_is_accepted_that_is_not_in_the_list(region):
    assert problems(region=region) == ["region.unknown"]


def test_nothing_optional_is_ever_sent_empty_or_null():
    sent = rules.api_parameters(Asked("ap-singapore"), description="")

    assert sent == {"RegisterLimit": 10, "EffectiveTime": 4}


def test_nothing_that_was_asked_can_be_changed_afterwards():
    with pytest.raises(AttributeError):
        Asked("ap-singapore").register_limit = 10_000
