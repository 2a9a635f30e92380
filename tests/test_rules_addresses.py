"""One IPv4 address or one CIDR block, host bits allowed, kept as typed; no other way of writing addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registercodes.rules import bounds_of, check_ip_address_range, network_of

addresses = st.integers(0, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number)))
ranges = st.builds("{}/{}".format, addresses, st.integers(0, 32))

REFUSED = {
    "not_ipv4": [
        *("203.0.113", "203.0.113.256", "203.0.113.9.1", "203.0.113.0/33", "203.0.113.0/", "/24", "203.0.113.0//24"),
        *("203.0.113.", ".203.0.113.9", "203..113.9", "3405803785", "0xcb.0.113.9", "0xcb007109", "localhost", "any"),
        *("*", "203.0.113.*", "+203.0.113.9", "1_0.0.0.1", "1e1.0.0.1", "203.0.113.0/+8", "203.0.113.0/1_6"),
        *("203.0.113.0/1e1", "٢٠٣.0.113.9", "203.0.113.0/٢٤", "２０３.0.113.9", "203。0。113。9"),
        *("203.0.113.9\n", "203.0.113.9\x00", "203.0.113.9\u200b", "\u202e203.0.113.9", "203.0.113.9\u00a0"),
        *("<b>203.0.113.9</b>", "%s", "203.0.113.9/%", "\ud800"),
    ],
    "one_only": [
        *(
            "203.0.113.9,203.0.113.10",
            "203.0.113.9 203.0.113.10",
            "203.0.113.9;203.0.113.10",
            "203.0.113.1-203.0.113.9",
        ),
        *(" 203.0.113.9", "203.0.113.9 ", "203.0.113.0 /24", "203.0.113.1-9", "-203.0.113.9", "203.0.113.0/-1"),
    ],
    "ipv6": ["::1", "2001:db8::/32", "::ffff:203.0.113.9", "::", "fe80::1%eth0", "[2001:db8::1]", "203.0.113.9:80"],
    "leading_zero": ["203.0.113.09", "010.0.0.1", "203.00.113.9", "203.0.113.0/08", "0203.0.113.9", "0.0.0.00"],
    "netmask": ["203.0.113.0/255.255.255.0", "203.0.113.0/0.0.0.255", "10.0.0.0/255.0.0.0", "203.0.113.0/8.0"],
}
CASES = [(text, code) for code, texts in REFUSED.items() for text in texts]


def said(text):
    problem = check_ip_address_range(text)
    return problem and problem.code


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "255.255.255.255", "203.0.113.9", "10.0.0.1", "192.168.1.1", "192.168.0.0/16", "203.0.113.0/24"),
        *("0.0.0.0/0", "203.0.113.9/0", "203.0.113.9/1", "203.0.113.9/31", "203.0.113.9/32", "192.168.10.1/10"),
    ],
)
def test_an_address_or_a_block_is_accepted_with_host_bits_set_too(text):
    assert said(text) is None


def test_empty_is_accepted_and_means_any_address():
    assert said("") is None
    assert (network_of(""), bounds_of("")) == (None, None)


@pytest.mark.parametrize(("text", "code"), CASES, ids=[ascii(text) for text, _ in CASES])
def test_any_other_spelling_is_refused_and_the_message_says_what_to_write(text, code):
    assert said(text) == code


def test_the_vendors_example_means_a_network_of_four_million():
    assert str(network_of("192.168.10.1/10")) == "192.128.0.0/10"
    assert bounds_of("192.168.10.1/10") == (0xC0800000, 0xC0BFFFFF)
    assert network_of("192.168.10.1/10").num_addresses == 4_194_304


@pytest.mark.parametrize("text", ["0.0.0.0/0", "203.0.113.9/0", "255.255.255.255/0"])
def test_a_prefix_of_zero_is_unrestricted_wherever_it_starts(text):
    assert bounds_of(text) is None


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("0.0.0.0", (0, 0)),
        ("255.255.255.255", (2**32 - 1, 2**32 - 1)),
        ("128.0.0.0/1", (2**31, 2**32 - 1)),
        ("0.0.0.1/31", (0, 1)),
    ],
)
def test_bounds_are_the_first_and_last_address_as_numbers(text, bounds):
    assert bounds_of(text) == bounds


@given(text=ranges | addresses)
def test_an_accepted_range_means_the_network_python_reads(text):
    assert said(text) is None
    assert network_of(text) == ipaddress.ip_network(text, strict=False)


@given(text=st.text(st.sampled_from("0123456789./"), max_size=20))
def test_what_is_accepted_is_always_readable_and_prints_as_it_was_typed(text):
    if not text or said(text):
        return
    address, _, prefix = text.partition("/")
    assert str(ipaddress.IPv4Address(address)) == address
    assert prefix in {"", *map(str, range(33))}


@given(text=st.text(max_size=24))
def test_no_text_is_accepted_that_python_refuses(text):
    if said(text) or not text:
        return
    assert ipaddress.ip_network(text, strict=False).version == 4


@pytest.mark.parametrize("text", ["1." * 100_000, "1" * 1_000_000, "0" * 100_000, "1/" * 100_000])
def test_a_long_text_never_takes_long(text):
    assert said(text) is not None
