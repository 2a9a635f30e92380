"""Decides how a list of sites is read: ``range[, prefix][, description]`` a line. Alters nothing but outer blanks."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from registercodes import rules
from registercodes.rules import Problem, gettext_noop

MOST: Final = 50
ENDS: Final = re.compile(r"\r\n|\n|\r")  # splitlines also ends a line at signs that the rules refuse
FIELDS: Final = ("ip_address_range", "instance_name_prefix", "description")


@dataclass(frozen=True)
class Site:
    """``number`` counts every line as an editor does, blank ones too."""

    number: int
    ip_address_range: str
    instance_name_prefix: str = ""
    description: str = ""


def read(text: str) -> list[Site]:
    """Commas from the third on belong to the description. Blank lines are none."""
    return [_site(number, line) for number, line in enumerate(ENDS.split(text), start=1) if line.strip()]


def _site(number: int, line: str) -> Site:
    return Site(number, *(cell.strip() for cell in line.split(",", 2)))


def problem_of(sites: list[Site]) -> Problem | None:
    """What is wrong with the list as such."""
    if not sites:
        return Problem("lines", "none", gettext_noop("Paste one line for each site."))
    if len(sites) > MOST:
        message = gettext_noop("Use at most %(most)d lines; this has %(count)d.")
        return Problem("lines", "too_many", message, {"most": MOST, "count": len(sites)})
    return None


def missing_range(site: Site) -> Problem | None:
    """A code that any address may use is asked for by itself, and not by a comma too many."""
    if site.ip_address_range:
        return None
    return Problem("ip_address_range", "missing", gettext_noop("Begin the line with the site's IP range."))


def repeated(sites: Iterable[Site]) -> dict[int, int]:
    """The line that a later one repeats: the same network, however it is written."""
    first: dict[tuple[int, int] | None, int] = {}
    found = {}
    for site in sites:
        network = rules.bounds_of(site.ip_address_range)
        if network in first:
            found[site.number] = first[network]
        first.setdefault(network, site.number)
    return found
