"""What is on record. Reads and writes go through the services; history is guarded by triggers too."""

from registercodes.models.codes import RegisterCode
from registercodes.models.events import Action, AuditEvent, AuditHead, Fold, Outcome
from registercodes.models.installation import Installation
from registercodes.models.outside import OutsideCode
from registercodes.models.teams import Membership, Team
from registercodes.models.upstream import CallBudget, SyncLease, SyncRun, UpstreamCode

__all__ = [
    "Action",
    "AuditEvent",
    "AuditHead",
    "CallBudget",
    "Fold",
    "Installation",
    "Membership",
    "Outcome",
    "OutsideCode",
    "RegisterCode",
    "SyncLease",
    "SyncRun",
    "Team",
    "UpstreamCode",
]
