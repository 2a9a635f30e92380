"""What the owner of a database can do to a record once the triggers are gone, with and without AUDIT_KEY."""

from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from records import digest

from registercodes import audit, triggers
from registercodes.models import Action, AuditEvent, AuditHead, Outcome


def a_record(events: int = 9) -> None:
    for number in range(events):
        with transaction.atomic():
            audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS, detail={"n": number})


def manage(command: str, *words: object) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of a command of ours."""
    out, err = StringIO(), StringIO()
    try:
        call_command(command, *map(str, words), stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def verify(*words: object) -> tuple[int, str]:
    """(exit status, first line said)."""
    status, said, complained = manage("verifyaudit", *words)
    return status, (said or complained).splitlines()[0]


def become_owner() -> None:
    connection.check_constraints()  # PostgreSQL alters no table that has such checks to do
    triggers.remove(connection)


def put_triggers_back() -> None:
    connection.check_constraints()
    triggers.install(connection)


def at(sequence: int):
    return AuditEvent.objects.filter(sequence=sequence)


# Without the key.


def edit(sequence: int, /, **columns: object) -> None:
    at(sequence).update(**columns)


def remove(sequence: int) -> None:
    at(sequence)._raw_delete("default")


def close_the_gap(sequence: int) -> None:
    """Renumber what follows, so that nothing seems to be missing."""
    AuditEvent.objects.filter(sequence__gt=sequence).update(sequence=-F("sequence"))
    AuditEvent.objects.filter(sequence__lt=0).update(sequence=-F("sequence") - 1)
    AuditHead.objects.update(sequence=F("sequence") - 1)


def swap(one: int, other: int) -> None:
    edit(one, sequence=-1)
    edit(other, sequence=one)
    edit(-1, sequence=other)


def insert_after(sequence: int, /, **columns: object) -> None:
    """A copy, changed, with a number of its own; what follows moves up."""
    AuditEvent.objects.filter(sequence__gt=sequence).update(sequence=-F("sequence"))
    AuditEvent.objects.filter(sequence__lt=0).update(sequence=-F("sequence") + 1)
    copy = at(sequence).get()
    copy.pk = None
    for name, value in ({"sequence": sequence + 1, "previous_digest": copy.digest} | columns).items():
        setattr(copy, name, value)
    copy.save(force_insert=True)
    AuditHead.objects.update(sequence=F("sequence") + 1)


def cut_after(sequence: int) -> None:
    AuditEvent.objects.filter(sequence__gt=sequence)._raw_delete("default")


def forge_head() -> None:
    last = AuditEvent.objects.order_by("-sequence").first()
    AuditHead.objects.update(sequence=last.sequence, digest=last.digest)


# With the key.


def seal(sequence: int) -> None:
    at(sequence).update(digest=digest(at(sequence).get()))


def chain_anew(sequence: int = 1) -> None:
    """Every row from there on is written as if it had always been so."""
    before = at(sequence - 1).values_list("digest", flat=True).first() or ""
    for event in AuditEvent.objects.filter(sequence__gte=sequence).order_by("sequence"):
        event.previous_digest = before
        before = digest(event)
        at(event.sequence).update(previous_digest=event.previous_digest, digest=before)
    forge_head()


def earlier(sequence: int, **by: int) -> dict[str, object]:
    return {"at": at(sequence).get().at - timedelta(**by)}
