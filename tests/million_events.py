"""Fills a database with a long, realistic history, chained as audit.py chains it: for measuring lists and exports.

It writes past the services and lifts the triggers while it does, so it refuses
every database that is not stamped for benching (TAT_ACCOUNT=bench at its first migrate).

    TAT_ACCOUNT=bench DATABASE_URL=... PYTHONPATH=tests python tests/million_events.py --events 1000000
"""

import argparse
import itertools
import json
import os
import random
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.sso.models import User  # noqa: E402
from registercodes import audit, keys, rules, triggers  # noqa: E402
from registercodes.models import (  # noqa: E402
    AuditEvent,
    AuditHead,
    Installation,
    Membership,
    RegisterCode,
    SyncRun,
    Team,
    UpstreamCode,
)

STAMP = "bench"
BATCH = 10_000
PERIOD = timedelta(days=730)
GONE_AFTER = timedelta(days=60)
REGIONS = ("ap-singapore", "eu-frankfurt", "ap-hongkong", "na-ashburn", "ap-tokyo", "sa-saopaulo")
PURPOSES = ("webserver", "build runner", "edge cache", "till", "camera gateway", "注册 主机", "")
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
EVENT_COLUMNS = (*audit.FORM_1, "digest")
CODE_COLUMNS = tuple(field.attname for field in RegisterCode._meta.concrete_fields)
EMPTY = {
    field.attname: None if field.null else ""
    for field in AuditEvent._meta.concrete_fields
    if field.attname in audit.FORM_1
}
# What became of a code, and what it is followed by on record.
ENDS = (
    (60, "issued", (("code.issued", "success"), ("code.confirmed", "success"))),
    (20, "issued", (("code.issued", "success"), ("code.disable_requested", "success"), ("code.disabled", "success"))),
    (8, "refused", (("code.refused", "failure"),)),
    (5, "not_sent", (("code.not_sent", "failure"),)),
    (4, "absent", (("code.unknown", "unknown"), ("code.absent", "failure"))),
    (3, "withheld", (("code.withheld", "failure"), ("code.disable_requested", "success"))),
)


class NotForBenching(Exception):
    """The database is somebody's record."""


@dataclass
class History:
    """Rows still to be written, and where the chain stands."""

    chain: str
    sequence: int
    digest: str
    at: datetime
    step: timedelta
    events: list[tuple[Any, ...]] = field(default_factory=list)
    codes: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, action: str, outcome: str, **facts: Any) -> None:
        key = keys.current()
        self.sequence += 1
        self.at += self.step
        columns = EMPTY | facts | {"sequence": self.sequence, "chain": self.chain, "at": self.at}
        columns |= {"action": action, "outcome": outcome, "account": STAMP, "key_id": key.id}
        columns |= {"form_version": audit.FORM_VERSION, "previous_digest": self.digest}
        columns["detail"] = facts.get("detail", {})
        self.digest = audit.digest_of_form(audit.canonical_of(columns), key=key)
        self.events.append((*map(columns.__getitem__, audit.FORM_1), self.digest))


def fill(events: int, *, seed: int = 1) -> None:
    """Append that many events, and the codes they tell of, to a database stamped for benching."""
    refuse_a_real_one()
    chance = random.Random(seed)
    head = AuditHead.objects.get()
    begin = AuditEvent.objects.order_by("-sequence").values_list("at", flat=True).first() or timezone.now() - PERIOD
    history = History(head.chain, head.sequence, head.digest, begin, (timezone.now() - begin) / (events + 1))
    people = _people(chance)
    last = RegisterCode.objects.order_by("-id").values_list("id", flat=True).first() or 0
    stories = _stories(history, people, chance, first_id=last + 1)
    end = head.sequence + events
    with transaction.atomic():
        triggers.remove(connection)
        while history.sequence < end:
            next(stories)
            if len(history.events) >= BATCH or history.sequence >= end:
                _write(history)
        AuditHead.objects.update(sequence=history.sequence, digest=history.digest)
        _let_the_cloud_tell()
        _let_ids_go_on()
        triggers.install(connection)


def refuse_a_real_one() -> None:
    stamped = Installation.objects.filter(id=1).values_list("account", flat=True).first()
    if stamped != STAMP:
        raise NotForBenching(f"This database is stamped {stamped!r}, not {STAMP!r}: nothing was written.")


def _people(chance: random.Random) -> list[tuple[User, Team]]:
    teams = [
        Team.objects.get_or_create(
            key=f"bench-{number}", defaults={"name": f"Bench {number}", "sso_group": f"bench-{number}"}
        )[0]
        for number in range(12)
    ]
    found = []
    for number in range(200):
        facts = {"issuer": "bench", "subject": f"person-{number}"}
        names = {"username": f"person-{number}", "display_name": f"Person {number} Bench"}
        user = User.objects.filter(**facts).first() or User.objects.create_user(**facts, **names)
        team = chance.choice(teams)
        Membership.objects.get_or_create(user=user, team=team, defaults={"checked_at": timezone.now()})
        found.append((user, team))
    return found


def _stories(
    history: History, people: list[tuple[User, Team]], chance: random.Random, *, first_id: int
) -> Iterator[None]:
    """One after the other: a sign-in, a denial, or a code with what became of it."""
    numbers = itertools.count(first_id)
    while True:
        user, team = chance.choice(people)
        whom = {"actor_id": user.pk, "actor_name": str(user), "user_agent": AGENT}
        whom |= {"client_ip": f"10.{team.pk % 200}.{chance.randrange(256)}.{chance.randrange(256)}"}
        whom |= {"request_id": f"{int(history.at.timestamp() * 1000):012x}{chance.getrandbits(80):020x}"}
        kind = chance.random()
        if kind < 0.25:
            history.add("user.signed_in", "success", detail={"roles": []}, **whom)
        elif kind < 0.30:
            detail = {"reason": f"{team.key}:quota", "repeats_before": chance.randrange(5)}
            history.add("code.denied", "failure", team_id=team.pk, team_name=team.name, detail=detail, **whom)
        else:
            _code(history, next(numbers), user, team, whom, chance)
        yield


def _code(history: History, number: int, user: User, team: Team, whom: dict[str, Any], chance: random.Random) -> None:
    _, state, steps = chance.choices(ENDS, [weight for weight, *_ in ENDS])[0]
    asked = _asked(number, chance)
    made = {"code_id": str(uuid.UUID(int=chance.getrandbits(128))) if state in {"issued", "withheld"} else ""}
    made |= {"tencent_request_id": str(uuid.UUID(int=chance.getrandbits(128)))}
    made |= {"expires_at": history.at + timedelta(hours=asked["effective_time"])} if _ends(asked, state) else {}
    made |= {"error_code": "LimitExceeded"} if state == "refused" else {}
    of_code = {"register_code_id": number, "team_id": team.pk, "team_name": team.name, **asked, **whom}
    history.add("code.requested", "unknown", **of_code)
    asked_at = history.at
    for action, outcome in steps:
        history.add(action, outcome, **of_code, **made)
    row = dict.fromkeys(CODE_COLUMNS) | dict.fromkeys(("reason", "value_fingerprint", "fingerprint_key"), "")
    row |= {"error_code": "", **asked, **made, "id": number, "account": STAMP, "team_id": team.pk, "state": state}
    row |= {"team_name": team.name, "created_by_id": user.pk, "created_by_name": str(user), "created_at": asked_at}
    row |= {"submission": uuid.UUID(int=chance.getrandbits(128)), "description_sent": asked["description"]}
    row |= {name: whom[name] for name in ("client_ip", "user_agent", "request_id")} | {"settled_at": history.at}
    closed = any(action == "code.disabled" for action, _ in steps)
    row |= {"disable_wanted_at": history.at, "disabled_at": history.at, "disabled_by_id": user.pk} if closed else {}
    history.codes.append(tuple(row[name] for name in CODE_COLUMNS))


def _ends(asked: dict[str, Any], state: str) -> bool:
    return state == "issued" and not asked["permanent"]


def _asked(number: int, chance: random.Random) -> dict[str, Any]:
    hours = chance.choice((1, 4, 4, 8, 24, 168, 720, rules.HOURS_MAX + 1))
    network = chance.choice(
        ("", "203.0.113.0/24", f"198.51.{number % 256}.0/24", f"192.0.2.{number % 256}", "10.0.0.0/8")
    )
    first, last = rules.bounds_of(network) or (None, None)
    return {
        "reference": "".join(rules.MARK_ALPHABET[(number | 1 << 34) >> 5 * place & 31] for place in range(7)),
        "region": chance.choice(REGIONS),
        "description": f"{chance.choice(PURPOSES)} {number % 97}".strip(),
        "instance_name_prefix": chance.choice(("web", "", "edge")),
        "register_limit": chance.choice((1, 10, 10, 50, 1000)),
        "effective_time": hours,
        "permanent": hours > rules.HOURS_MAX,
        "ip_address_range": network,
        "ip_first": first,
        "ip_last": last,
    }


def _write(history: History) -> None:
    _insert(RegisterCode._meta.db_table, CODE_COLUMNS, history.codes)
    _insert(AuditEvent._meta.db_table, EVENT_COLUMNS, history.events)
    history.codes.clear()
    history.events.clear()


def _insert(table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["?"] * len(columns))
            plain = [tuple(map(_for_sqlite, row)) for row in rows]
            cursor.cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", plain)
            return
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([json.dumps(value) if isinstance(value, dict) else value for value in row])


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, dict):
        return json.dumps(value)
    return value.hex if isinstance(value, uuid.UUID) else value


def _let_the_cloud_tell() -> None:
    """What syncs would have seen of each code: its uses, and that it is gone some while after its end."""
    now = timezone.now()
    gone = connection.ops.adapt_datetimefield_value(now - GONE_AFTER)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {UpstreamCode._meta.db_table} (account, region, code_id, description,
                instance_name_prefix, register_limit, registered_count, ip_address_range, enabled, expires_at,
                created_at, first_seen_at, changed_at, gone_at, mark)
            SELECT account, region, code_id, description_sent, instance_name_prefix, register_limit,
                id %% (register_limit + 1), ip_address_range, disabled_at IS NULL, expires_at,
                created_at, created_at, created_at, CASE WHEN expires_at < %s THEN expires_at END, reference
            FROM {RegisterCode._meta.db_table} WHERE code_id <> '' AND code_id NOT IN
                (SELECT code_id FROM {UpstreamCode._meta.db_table})""",
            [gone],
        )
    for region in REGIONS:
        SyncRun.objects.create(account=STAMP, region=region, started_at=now, finished_at=now, complete=True)


def _let_ids_go_on() -> None:
    """On PostgreSQL the next code's id would be one that was written here."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = RegisterCode._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        fill(options.events, seed=options.seed)
    except NotForBenching as no:
        print(no, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
