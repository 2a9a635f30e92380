"""What a code's life takes while nobody can vouch for a person, and in a break-glass session: closing, never creating."""

from types import SimpleNamespace

import pytest

from portal.sso import gate
from registercodes.access import MayNot

# name of the view, method, and whether it goes on: with the provider away for a minute, and under break-glass.
TABLE = """
replace          POST no  no
replace          GET  yes no
new              POST no  no
disable          POST yes yes
disable_several  POST yes yes
disable_several  GET  yes yes
refresh          POST yes yes
stored           POST no  no
put_away         POST no  no
card             GET  yes yes
export           GET  yes yes
home             GET  yes yes
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


class Facts(SimpleNamespace):
    def age(self, now: float) -> float:
        return self.seconds


def press(name: str, method: str):
    return SimpleNamespace(method=method, resolver_match=SimpleNamespace(view_name=f"registercodes:{name}"))


@pytest.mark.parametrize(("name", "method", "away", "glass"), ROWS, ids=lambda word: word)
def test_each_press_goes_on_as_the_table_says(name, method, away, glass):
    request = press(name, method)

    assert gate._may_go_on(request, Facts(seconds=60), now=0) is (away == "yes")
    if glass == "yes":
        assert gate._break_glass(request, Facts(seconds=60), now=0) is None
    else:
        with pytest.raises(MayNot):
            gate._break_glass(request, Facts(seconds=60), now=0)


@pytest.mark.parametrize("name", ["disable", "disable_several", "refresh"])
def test_after_an_hour_without_the_provider_nothing_is_closed_either(name):
    assert not gate._may_go_on(press(name, "POST"), Facts(seconds=gate.CLOSING_SECONDS + 1), now=0)


@pytest.mark.parametrize("name", ["new", "replace", "disable", "disable_several", "find", "report", "clean_up"])
def test_a_form_is_shown_only_to_whom_it_will_not_expire_under_the_hands(name, settings):
    settings.OIDC_RECHECK_SECONDS = 300

    assert gate._may_be_old(press(name, "GET")) == 150
