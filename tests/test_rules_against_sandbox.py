"""Two readings of one page agree: what our rules accept the sandbox takes through our client, what they refuse it refuses."""

import json
from pathlib import Path

import pytest
from test_rules_addresses import CASES as ADDRESS_SPELLINGS

from registercodes import rules
from registercodes.cloud import client
from registercodes.rules import Asked
from registercodes.tat.client import Created
from registercodes.tat.errors import Refused

PAGE = json.loads((Path(__file__).parent / "vendor_rules.json").read_text())
REGION = "ap-singapore"

AT_THE_BOUNDS = [
    *({"description": "d" * length} for length in (0, 1, 127, 128, 129)),
    *({"description": sign * length} for sign in "注🚀\u0301" for length in (127, 128, 129)),
    *({"instance_name_prefix": "p" * length} for length in (0, 1, 31, 32, 33)),
    *({"instance_name_prefix": "🚀" * length} for length in (31, 32, 33)),
    *({"register_limit": number} for number in (-1, 0, 1, 2, 9_999, 10_000, 10_001)),
    *({"effective_time": hours} for hours in (-1, 0, 1, 2, 99_998, 99_999, 100_000, 100_001, 2**63 - 1, 2**63)),
    *({"ip_address_range": f"203.0.113.9/{prefix}"} for prefix in (0, 1, 31, 32, 33)),
    *(
        {"ip_address_range": address}
        for address in ("0.0.0.0", "255.255.255.255", "255.255.255.256", "192.168.10.1/10")
    ),
]


def ask(parameters) -> Created | Refused:
    try:
        return client().create_register_code(region=REGION, parameters=parameters, trace_id="rules")
    except Refused as refusal:
        return refusal


def sandbox_takes(asked: Asked) -> bool:
    return isinstance(ask(rules.api_parameters(asked, description=asked.description)), Created)


@pytest.mark.parametrize("changes", AT_THE_BOUNDS, ids=lambda changes: ascii(changes)[:40])
def test_at_every_bound_and_one_beside_it_both_say_the_same(cloud, changes):
    asked = Asked(**({"region": REGION} | changes))

    accepted = rules.check(asked, regions=(REGION,)) == []

    assert sandbox_takes(asked) is accepted


@pytest.mark.parametrize("text", [text for text, _ in ADDRESS_SPELLINGS], ids=ascii)
def test_every_spelling_of_an_address_that_we_refuse_is_refused(cloud, text):
    assert rules.check_ip_address_range(text) is not None

    assert not sandbox_takes(Asked(REGION, ip_address_range=text))


@pytest.mark.parametrize("example", PAGE["examples"], ids=["with parameters", "no parameters"])
def test_the_pages_examples_make_a_code_as_they_stand(cloud, example):
    assert ask(example).value is not None

    code = cloud.codes()[-1]
    assert {name: getattr(code, name) for name in example if name != "EffectiveTime"} == {
        name: value for name, value in example.items() if name != "EffectiveTime"
    }
    assert code.RegisterLimit == 10


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"Description": "d" * 129}, "InvalidParameterValue.TooLong"),
        ({"InstanceNamePrefix": "p" * 33}, "InvalidParameterValue.TooLong"),
        ({"RegisterLimit": 0}, "InvalidParameterValue.TooSmall"),
        ({"RegisterLimit": 10_001}, "InvalidParameterValue.TooLarge"),
        ({"EffectiveTime": 0}, "InvalidParameterValue.TooSmall"),
        ({"IpAddressRange": "::1"}, "InvalidParameter"),
    ],
)
def test_a_refusal_carries_a_code_that_the_page_lists(cloud, parameters, error):
    refusal = ask(parameters)

    assert refusal.code == error
    assert error in PAGE["business_errors"]


@pytest.mark.parametrize("hours", [99_999, 100_000])
def test_99999_hours_end_and_100000_never_do(cloud, hours):
    ask({"EffectiveTime": hours})

    assert (cloud.codes()[-1].ExpiredTime is None) is Asked(REGION, effective_time=hours).permanent


def test_nothing_the_rules_refuse_leaves_a_code_behind(cloud):
    before = len(cloud.codes())

    for changes in AT_THE_BOUNDS:
        asked = Asked(**({"region": REGION} | changes))
        if rules.check(asked, regions=(REGION,)):
            sandbox_takes(asked)

    assert len(cloud.codes()) == before
