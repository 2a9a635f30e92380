"""What makes one code riskier than another: hosts still to come, time left, addresses it may come from."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registercodes import risk
from registercodes.risk import EVERYWHERE, FOR_EVER, Reach

DAY = 86_400
USES = st.integers(0, 10_000)
SECONDS = st.integers(0, 99_999 * 3600)
WIDTHS = st.integers(1, EVERYWHERE)


def test_it_is_the_product_of_the_three():
    assert risk.of(uses=10, seconds=3600, addresses=256) == 10 * 3600 * 256


def test_a_permanent_code_outlasts_every_finite_one_and_no_range_is_wider_than_every_range():
    finite = risk.of(uses=1, seconds=99_999 * 3600, addresses=EVERYWHERE - 1)

    assert risk.of(uses=1, seconds=None, addresses=EVERYWHERE - 1) > finite
    assert risk.of(uses=1, seconds=99_999 * 3600, addresses=None) > finite
    assert risk.of(uses=1, seconds=None, addresses=None) == FOR_EVER * EVERYWHERE


@given(uses=USES, seconds=SECONDS, addresses=WIDTHS, more=st.integers(1, 100))
def test_more_of_any_of_them_is_never_less_risk(uses, seconds, addresses, more):
    here = risk.of(uses=uses, seconds=seconds, addresses=addresses)

    assert risk.of(uses=uses + more, seconds=seconds, addresses=addresses) >= here
    assert risk.of(uses=uses, seconds=seconds + more, addresses=addresses) >= here
    assert risk.of(uses=uses, seconds=seconds, addresses=addresses + more) >= here


def test_the_order_of_some_codes_that_people_would_put_so():
    """Narrowest and shortest last."""
    codes = {
        "forever, anywhere, one host": Reach(1, None, None),
        "forever, a /16, a hundred hosts": Reach(100, None, 2**16),
        "a day, anywhere, ten hosts": Reach(10, DAY, None),
        "a day, a /24, ten hosts": Reach(10, DAY, 256),
        "an hour, one address, one host": Reach(1, 3600, 1),
        "used up": Reach(0, None, None),
    }
    order = sorted(codes, key=lambda name: -codes[name].risk)

    assert order[0] == "forever, anywhere, one host" and order[-2:] == ["an hour, one address, one host", "used up"]
    assert order.index("a day, anywhere, ten hosts") < order.index("a day, a /24, ten hosts")


@pytest.mark.parametrize(
    ("first", "last", "width"), [(None, None, None), (5, 5, 1), (0, 255, 256), (0, 2**32 - 1, 2**32)]
)
def test_the_width_of_a_range_is_its_addresses(first, last, width):
    assert risk.width_of(first, last) == width


# What must not happen.


@given(uses=st.integers(-10, 0), seconds=SECONDS, addresses=WIDTHS)
def test_a_code_with_nothing_left_is_no_risk(uses, seconds, addresses):
    assert risk.of(uses=uses, seconds=seconds, addresses=addresses) == 0
    assert risk.of(uses=5, seconds=-seconds, addresses=0) == 0


def test_no_number_of_the_cloud_s_makes_it_negative_or_endless():
    for uses, seconds, addresses in itertools.product((-(2**63), 2**63 - 1), (-1e30, 1e30), (-1, 2**80)):
        assert 0 <= risk.of(uses=uses, seconds=seconds, addresses=addresses) <= 2**63 * FOR_EVER * EVERYWHERE
