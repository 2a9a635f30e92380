"""Puts on record that this database came back from a backup, and starts a new chain so that no number is used twice.

Events after the backup are gone, and their numbers will be given again. The
chain's id is in every event, so (chain, number) stays one event for ever. The
first event of the new chain names the end of the old one and is linked to it.
"""

import secrets

from django.db import transaction

from registercodes import audit
from registercodes.anchors import Anchor
from registercodes.models import Action, AuditEvent, AuditHead, Installation, Outcome

CHAIN_BYTES = 8


def admit(*, reason: str, by: str, anchor: Anchor | None = None) -> AuditEvent:
    """``anchor``: the newest that was kept outside; it tells how much was lost, also of a chain restored over."""
    chain = secrets.token_hex(CHAIN_BYTES)
    with transaction.atomic():
        head = audit.lock_head()
        detail = {"by": by, "reason": reason, "old_chain": head.chain}
        detail |= {"last_sequence": head.sequence, "last_digest": head.digest}
        if anchor:
            seen = anchor.seen
            detail["anchor"] = {"chain": seen.chain, "sequence": seen.sequence, "digest": seen.digest}
        AuditHead.objects.filter(id=1).update(chain=chain)
        Installation.objects.filter(id=1).update(chain=chain)
        return audit.record(Action.CHAIN_RESTORED, Outcome.SUCCESS, detail=detail)


def contradicts(anchor: Anchor) -> bool:
    """A backup holds less than the anchor saw, or a chain of its own; never another event of the same number."""
    seen = anchor.seen
    row = AuditEvent.objects.filter(sequence=seen.sequence, chain=seen.chain).values_list("digest", flat=True).first()
    return row is not None and row != seen.digest
