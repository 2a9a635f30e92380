"""Decides which code another one may stand in for: one of the same team, that nobody needs any more, and once.

Whether the person may is ``access``'s to say. A code that could still admit hosts is first
put on record as wanted disabled.
"""

from registercodes.models import RegisterCode, Team
from registercodes.rules import Problem, gettext_noop

State = RegisterCode.State

# Not *unknown*: what became of that one is for a sync to find out first.
REPLACEABLE = frozenset({State.ISSUED, State.WITHHELD, State.FOUND, State.ABSENT})
ALREADY = "already_replaced"


def successor_of(code: RegisterCode) -> RegisterCode | None:
    return getattr(code, "replaced_by", None)


def may_be_replaced(code: RegisterCode) -> bool:
    return code.state in REPLACEABLE and successor_of(code) is None


def must_close_first(code: RegisterCode) -> bool:
    """Its disable is not on record, and it may be alive."""
    return bool(code.code_id) and not code.disable_wanted_at


def problem_of(code: RegisterCode, *, team: Team) -> Problem | None:
    """Why a new code of ``team`` may not stand in for ``code``, as read just now."""
    if successor_of(code):
        complaint = gettext_noop(
            "%(old)s was replaced by %(new)s already. Nothing was sent. Press again if you want one more, of its own."
        )
        return Problem("", ALREADY, complaint, {"old": code.reference, "new": code.replaced_by.reference})
    if code.team_id != team.pk or not may_be_replaced(code) or must_close_first(code):
        complaint = gettext_noop("%(old)s cannot be replaced as it stands. Nothing was sent. Open its record.")
        return Problem("", "not_replaceable", complaint, {"old": code.reference})
    return None
