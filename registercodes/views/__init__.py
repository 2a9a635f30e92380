"""The pages. Each opens with its guard; behaviour lives in the services below."""

from registercodes.views.cards import card, put_away, refresh, stored
from registercodes.views.closing import disable, disable_several, replace
from registercodes.views.issuing import new, new_once_more, plan
from registercodes.views.lists import export, home
from registercodes.views.requests import origin_of
from registercodes.views.sites import sites_once_more

# Forms that are shown again with what was typed, when a press may not be acted upon.
ONCE_MORE = {"registercodes:new": new_once_more, "registercodes:sites": sites_once_more}

__all__ = [
    "ONCE_MORE",
    "card",
    "disable",
    "disable_several",
    "export",
    "home",
    "new",
    "new_once_more",
    "origin_of",
    "plan",
    "put_away",
    "refresh",
    "replace",
    "stored",
]
