"""Takes the report that a value was seen where it should not be; tells its team and never the reporter.

What is answered, and what it costs, is the same whether the value is a code's
or not. The value itself is compared and forgotten.
"""

import logging
from typing import Any

from registercodes import audit, finding
from registercodes.audit import Origin
from registercodes.models import Action, Outcome
from registercodes.pasted import recognise
from registercodes.secret import OneTimeValue

log = logging.getLogger("registercodes.reporting")


def report(pasted: OneTimeValue, *, user: Any, origin: Origin) -> None:
    """Consumes it. Folded per person and code, the alarm too."""
    code = finding.code_with(recognise(pasted.reveal()).words)
    written = audit.record_folded(
        Action.VALUE_REPORTED,
        Outcome.SUCCESS if code else Outcome.FAILURE,
        actor=user,
        reason=f"reported:{code.reference}" if code else "not_found",
        code=code,
        team=code.team if code else None,
        origin=origin,
        detail={"found": code is not None},
    )
    if code and written:
        log.critical(
            "leaked_value_reported",
            extra={"reference": code.reference, "reporter": user.username, "team": code.team_name},
        )
