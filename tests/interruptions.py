"""What comes between typing and pressing, and how tests see that what was typed is there again."""

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from reading_pages import chosen_in, picked_in, text, typed_in
from rechecking import age, events

from registercodes import submissions
from registercodes.models import RegisterCode, Team

NEW = "/teams/web/codes/new/"
COOKIE = "portal-typed"
KEPT = "Nothing was sent yet: look it over, then press again."
OLD = 301  # seconds, one more than OIDC_RECHECK_SECONDS
User = get_user_model()


def typed(**changes: str) -> dict[str, str]:
    token = submissions.new_token(person=User.objects.get(username="alice"), team=Team.objects.get(key="web"))
    fields = {
        "region": "ap-seoul",
        "description": "webserver",
        "instance_name_prefix": "wéb",
        "register_limit": "12x",
        "validity": "permanent",
        "effective_time": "7",
        "ip_address_range": "203.0.113.7/24",
        "submission": token,
    }
    return fields | changes


def is_filled_with(page, fields: dict[str, str]) -> bool:
    held = {name: typed_in(page, name) for name in fields if name not in {"region", "validity"}}
    chosen = {"region": chosen_in(page, "region"), "validity": picked_in(page, "validity")}
    assert held | chosen == fields
    return KEPT in text(page)


def nothing_happened(cloud) -> bool:
    return not cloud.calls() and not RegisterCode.objects.exists() and not events("code.requested", "code.denied")


def end_by_idleness(client) -> None:
    age(client, seen=1801)


def end_by_age(client) -> None:
    age(client, started=36_001)


def end_by_deletion(client) -> None:
    Session.objects.all().delete()


def grow_old(client) -> None:
    age(client, checked=OLD)


ENDINGS = {"idle": end_by_idleness, "too old": end_by_age, "deleted": end_by_deletion}
INTERRUPTIONS = ENDINGS | {"to be checked": grow_old}
