"""The pages. Each opens with its guard; behaviour lives in the services below."""

from registercodes.views.cards import card, disable, stored
from registercodes.views.issuing import new, new_once_more, plan
from registercodes.views.lists import home
from registercodes.views.requests import origin_of

__all__ = ["card", "disable", "home", "new", "new_once_more", "origin_of", "plan", "stored"]
