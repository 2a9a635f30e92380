"""Makes and changes teams; each change is audited with who did it, why, before and after."""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from registercodes import audit
from registercodes.audit import NOWHERE, Origin
from registercodes.models import Action, Outcome, Team

IDENTITY = ("key", "name", "sso_group")
POLICY = (
    *("active", "regions", "max_register_limit", "max_hours", "permanent_allowed", "ip_range_required"),
    *("allowed_networks", "widest_prefix", "description_required", "codes_per_day"),
)


def create(*, facts: Mapping[str, Any], by: str, actor: Any = None, origin: Origin = NOWHERE) -> Team:
    """``facts``: key, name, sso_group and any policy column. Raises ``ValidationError`` naming the columns."""
    team = Team(**facts)
    check(team, given=facts)
    with transaction.atomic():
        team.save(force_insert=True)
        detail = {"by": by, "after": described(team)}
        audit.record(Action.TEAM_CREATED, Outcome.SUCCESS, actor=actor, team=team, origin=origin, detail=detail)
    return team


def change(
    *, key: str, facts: Mapping[str, Any], reason: str, by: str, actor: Any = None, origin: Origin = NOWHERE
) -> Team:
    """Change name, group or policy. Raises ``Team.DoesNotExist`` and ``ValidationError``."""
    if not reason.strip():
        raise ValidationError({"reason": "Say why; it goes into the audit."})
    with transaction.atomic():
        team = Team.objects.select_for_update(no_key=True).get(key=key)
        before = described(team)
        for name, value in facts.items():
            setattr(team, name, value)
        check(team, given=facts)
        team.save(update_fields=list(facts))
        after = described(team)
        changed = [name for name in after if after[name] != before[name]]
        detail = {
            "by": by,
            "reason": reason,
            "before": {name: before[name] for name in changed},
            "after": {name: after[name] for name in changed},
        }
        audit.record(Action.TEAM_CHANGED, Outcome.SUCCESS, actor=actor, team=team, origin=origin, detail=detail)
    return team


def described(team: Team) -> dict[str, Any]:
    return {name: getattr(team, name) for name in (*IDENTITY, *POLICY)}


def check(team: Team, *, given: Collection[str]) -> None:
    """Field limits, uniqueness and constraints, and that lists now given hold regions and networks that exist.

    A region may have left TAT_REGIONS since: that must not keep anybody from switching the team off.
    """
    wrong: dict[str, str] = {}
    regions = team.regions if "regions" in given else []
    unknown = [region for region in regions if region not in settings.TAT_REGIONS]
    if unknown:
        wrong["regions"] = f"Not among TAT_REGIONS: {', '.join(unknown)}."
    networks = team.allowed_networks if "allowed_networks" in given else []
    bad = [network for network in networks if not is_network(network)]
    if bad:
        wrong["allowed_networks"] = f"Not IPv4 networks: {', '.join(bad)}."
    if "sso_group" in given and (problem := group_problem(team.sso_group)):
        wrong["sso_group"] = problem
    if wrong:
        raise ValidationError(wrong)
    team.full_clean()


def group_problem(group: str) -> str:
    """A team on a role's group would let auditors and administrators issue."""
    if group in {*settings.OIDC_ADMIN_GROUPS, *settings.OIDC_AUDITOR_GROUPS}:
        return "This group gives a role (OIDC_ADMIN_GROUPS, OIDC_AUDITOR_GROUPS) and so cannot be a team's."
    if group and (group != group.strip() or not group.isprintable()):
        return "A group is matched to the letter: no blanks around it, nothing unprintable."
    return ""


def is_network(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return True
