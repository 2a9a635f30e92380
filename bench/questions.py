"""What an auditor asks of a long record: each filter, each search, a page deep inside; by us and by Django's own admin."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

OVERVIEW = "/admin/overview/"
NAMES = (
    *("first page", "a page deep inside", "today", "7 days", "30 days", "from and to", "action", "rare action"),
    *("outcome", "team", "person", "region", "permanent", "unrestricted", "cause", "search: code id"),
    *("search: reference", "search: person", "search: request", "search: the cloud's request"),
    *("search: an address that many codes allow", "search: an address that few codes allow", "overview"),
)


def asked() -> list[tuple[str, str, str]]:
    """In the order of NAMES: ours, and the stock admin's or empty."""
    from registercodes.models import AuditEvent, RegisterCode

    last = AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    middle = AuditEvent.objects.exclude(register_code=None).filter(sequence__gte=last // 2).order_by("sequence")[0]
    code = RegisterCode.objects.select_related("created_by").exclude(code_id="").order_by("id")
    code = code.filter(id__gte=middle.register_code_id).first() or code.last()
    today = datetime.now(UTC).date()
    person = code.created_by

    def days(number: int) -> tuple[str, str]:
        first = today - timedelta(days=number - 1)
        return query(when="today" if number == 1 else number), query(at__gte=f"{first} 00:00:00+00:00")

    since, until = today - timedelta(days=300), today - timedelta(days=270)
    pairs = (
        (query(), query()),
        (query(before=last // 2), query(p=last // 100)),
        *(days(number) for number in (1, 7, 30)),
        (query(since=since, until=until), query(at__gte=f"{since} 00:00:00+00:00", at__lt=f"{until} 00:00:00+00:00")),
        *_each("action", "code.issued", "code.withheld"),
        *_each("outcome", "failure"),
        (query(team=code.team.key), query(team__id__exact=code.team_id)),
        (query(person=person.username), query(actor__id__exact=person.pk)),
        *_each("region", code.region),
        (query(permanent="yes"), query(permanent__exact=1)),
        (query(unrestricted="yes"), query(ip_first__isnull="True")),
        (query(cause="LimitExceeded"), ""),
        *((query(q=word), query(q=word)) for word in (code.code_id, code.reference)),
        (query(q=person.username), query(q=str(person))),
        *((query(q=word), query(q=word)) for word in (code.request_id, code.tencent_request_id)),
        (query(q="203.0.113.9"), ""),
        (query(q="192.0.2.77"), ""),
        (OVERVIEW, ""),
    )
    return [(name, *pair) for name, pair in zip(NAMES, pairs, strict=True)]


def _each(name: str, *values: str) -> list[tuple[str, str]]:
    return [(query(**{name: value}), query(**{f"{name}__exact": value})) for value in values]


def query(**words: object) -> str:
    return f"?{urlencode(words)}"
