"""Exports from the audit's page: what the question selects, as a file that streams, on record before a row leaves."""

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.test import Client
from django.utils import timezone
from glass_breaking import DEAD, let_in
from interruptions import grow_old
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import heading, text
from rechecking import there_and_back
from records import a_code, break_in_chain
from tampering import manage
from test_admin_audit import note

from portal.sso.models import RoleGrant, User
from registercodes import exporting, places
from registercodes.models import AuditEvent, AuditHead

pytestmark = pytest.mark.django_db

LIST = "/admin/registercodes/auditevent/"
EXPORT = f"{LIST}export/"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def told(web, payments, alice, charlie):
    """Three events of a code of each team."""
    ours = a_code(team=web, person=alice, description=FORMULA)
    theirs = a_code(team=payments, person=charlie, region="eu-frankfurt")
    note("code.requested", "unknown", actor=alice, team=web, code=ours)  # 1
    note("code.issued", actor=alice, team=web, code=ours)  # 2
    note("code.issued", actor=charlie, team=payments, code=theirs)  # 3


def asked_by(browser, style="jsonl", **asked):
    return browser.post(EXPORT, {"format": style, **asked})


def taken(answer) -> bytes:
    return b"".join(answer.streaming_content)


def goes_away(answer) -> None:
    """What the server does then, but for closing the connection: the test's transaction is on it."""
    answer._iterator.close()
    if not answer.closed:  # nothing was read yet
        request_finished.disconnect(close_old_connections)
        answer.close()
        request_finished.connect(close_old_connections)


def rows_of(body: bytes) -> list[dict]:
    return [json.loads(line) for line in body.decode().splitlines()]


def numbers(body: bytes) -> list[int]:
    return [row["event.sequence"] for row in rows_of(body)]


def exports(action="audit.exported"):
    return AuditEvent.objects.filter(action=action).order_by("sequence")


@pytest.mark.parametrize("who", ["as_dora", "as_erin"])
def test_whoever_has_a_role_takes_everything_as_a_file_of_today(request, told, who):
    answer = asked_by(request.getfixturevalue(who))

    assert answer.status_code == 200 and numbers(taken(answer)) == [1, 2, 3]
    name = re.fullmatch(r'attachment; filename="(audit-events-\d{8}T\d{6}Z\.jsonl)"', answer["Content-Disposition"])
    assert f"audit-events-{timezone.now():%Y%m%d}" in name[1]
    assert answer["Content-Type"] == "application/x-ndjson" and "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff" and "Content-Length" not in answer.headers
    assert answer.is_async is False and answer.streaming


def test_a_spreadsheet_opens_it_right_and_runs_nothing(as_dora, told):
    answer = asked_by(as_dora, "csv")
    body = taken(answer)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert body.startswith(b"\xef\xbb\xbf") and body.count(b"\r\n") == 1 + 3
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert [row["portal.description"] for row in rows] == [f"'{FORMULA}", f"'{FORMULA}", "webserver"]


@pytest.mark.parametrize(
    ("asked", "found", "filters"),
    [
        ({"action": "code.issued"}, [2, 3], {"action": "code.issued"}),
        ({"team": "web", "outcome": "unknown"}, [1], {"team": "web", "outcome": "unknown"}),
        ({"q": "Charlie"}, [3], {"q": "Charlie"}),
        ({"q": "203.0.113.9", "region": "eu-frankfurt"}, [3], {"q": "203.0.113.9", "region": "eu-frankfurt"}),
        ({"since": "2001-01-01", "until": "2001-01-02"}, [], {"since": "2001-01-01", "until": "2001-01-02"}),
    ],
)
def test_the_lists_questions_choose_its_rows_and_the_record_says_so(as_dora, told, asked, found, filters):
    page = text(as_dora.get(LIST, asked))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))

    answer = asked_by(as_dora, **{name: value for name, value in hidden.items() if name != "csrfmiddlewaretoken"})

    assert numbers(taken(answer)) == found
    assert exports().get().detail["filters"] == filters
    assert exports("audit.handed_out").get().detail["manifest"]["filters"] == filters


def test_a_number_of_days_is_on_record_as_the_day_they_began_with(as_dora, told):
    taken(asked_by(as_dora, when="7"))

    day = timezone.now().date() - timedelta(days=6)
    assert exports().get().detail["filters"] == {"since": day.isoformat()}


def test_who_takes_what_is_on_record_before_the_first_row_is_read(as_dora, told):
    answer = asked_by(as_dora, "csv", team="web")

    event = exports().get()
    assert (event.actor_name, event.client_ip, event.outcome) == ("Dora Sample", "127.0.0.1", "success")
    assert event.request_id == answer["X-Request-Id"]
    file = re.search(r'"(.*)"', answer["Content-Disposition"])[1]
    assert event.detail == {"format": "csv", "filters": {"team": "web"}, "count": 2, "upto": 3, "file": file}
    assert not exports("audit.handed_out").exists()
    taken(answer)
    assert exports("audit.handed_out").get().request_id == event.request_id
    assert break_in_chain() == ""


@pytest.mark.parametrize("style", ["csv", "jsonl"])
def test_the_file_and_the_manifest_from_its_events_page_verify(as_dora, told, tmp_path, style):
    answer = asked_by(as_dora, style, action="code.issued")
    file = tmp_path / re.search(r'"(.*)"', answer["Content-Disposition"])[1]
    file.write_bytes(taken(answer))

    offered = re.search(rf'href="{LIST}(\?action=audit.handed_out[^"]+)"', text(as_dora.get(LIST)))[1]
    listed = as_dora.get(LIST + unescape(offered))
    (event,) = listed.context["rows"]
    link = re.search(r'<a href="([^"]+/manifest/)">', text(as_dora.get(f"{LIST}{event.pk}/change/")))[1]
    manifest = as_dora.get(link)
    (tmp_path / re.search(r'"(.*)"', manifest["Content-Disposition"])[1]).write_bytes(manifest.content)

    status, said = manage("verifyaudit", "--export", file)[:2]
    assert status == 0 and "whole: 2 rows, events 2 to 3" in said
    file.write_bytes(file.read_bytes().replace(b"Alice", b"Mally"))
    assert manage("verifyaudit", "--export", file)[0] == 1


def test_what_happens_meanwhile_is_not_in_it(as_dora, told, dora):
    answer = asked_by(as_dora)
    note("user.signed_in", actor=dora)

    assert numbers(taken(answer)) == [1, 2, 3]


STATEMENTS = {"sqlite": 15, "postgresql": 21}


@pytest.mark.parametrize("rows", [1, 60])
def test_statements_are_pinned_from_the_press_to_the_last_byte(as_dora, dora, django_assert_num_queries, rows):
    for _ in range(rows):
        note("user.signed_in", actor=dora)
    taken(asked_by(as_dora))

    with django_assert_num_queries(STATEMENTS[connection.vendor]):
        assert taken(asked_by(as_dora))


def test_a_long_record_leaves_in_parts(as_dora, dora, monkeypatch):
    monkeypatch.setattr(exporting, "BATCH", 4)
    for _ in range(11):
        note("user.signed_in", actor=dora)

    parts = list(asked_by(as_dora).streaming_content)

    assert len(parts) == 3 and numbers(b"".join(parts)) == list(range(1, 12))


def test_its_page_says_what_would_leave(as_dora, told):
    page = as_dora.get(EXPORT, {"team": "web", "action": "code.issued"})

    assert heading(page) == "Export"
    assert dict(page.context["filters"]) == {"Team": "web", "Action": "code.issued"}
    assert not exports().exists()


def test_a_press_that_had_to_be_checked_first_comes_back_to_its_question(client, provider, settings, told):
    settings.OIDC_AUDITOR_GROUPS = ["sample-web"]  # which the provider says that she is in
    visit(client, provider)
    grow_old(client)

    page = there_and_back(client, provider, asked_by(client, "csv", team="payments"))

    assert heading(page) == "Export" and not exports().exists()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text(page)))
    assert {name: word for name, word in hidden.items() if name != "csrfmiddlewaretoken"} == {"team": "payments"}
    assert numbers(taken(asked_by(client, team=hidden["team"]))) == [3]


# What must not happen.


def test_a_browser_that_goes_away_leaves_no_manifest_and_gives_its_place_back(as_dora, dora, monkeypatch, settings):
    monkeypatch.setattr(exporting, "BATCH", 2)
    settings.TAT_CONCURRENT = 1
    for _ in range(9):
        note("user.signed_in", actor=dora)
    answer = asked_by(as_dora)
    next(iter(answer.streaming_content))
    busy = asked_by(as_dora)
    goes_away(answer)

    assert busy.status_code == 503 and "Nothing was exported" in text(busy)
    assert exports().count() == 1 and not exports("audit.handed_out").exists()
    assert connection.savepoint_ids == []
    assert len(numbers(taken(asked_by(as_dora)))) == 9 + 1


def test_one_that_never_reads_gives_it_back_too(as_dora, told, settings):
    settings.TAT_CONCURRENT = 1
    goes_away(asked_by(as_dora))

    with places.place("export") as free:
        assert free


@pytest.mark.parametrize("who", ["as_alice", "as_charlie", "as_mallory"])
@pytest.mark.parametrize("tail", ["export/", "{}/manifest/"])
def test_nobody_else_may(request, told, who, tail, as_dora):
    taken(asked_by(as_dora))
    before = exports().count()
    browser = request.getfixturevalue(who)
    path = LIST + tail.format(exports("audit.handed_out").get().pk)

    assert browser.get(path).status_code == 403
    assert browser.post(path, {"format": "csv"}).status_code == 403
    assert exports().count() == before


def test_a_break_glass_session_reads_and_takes_nothing_away(provider, settings, told):
    settings.OIDC_ISSUER = DEAD
    dora = User.objects.create_user(issuer=provider.issuer, subject="dora", username="dora")
    RoleGrant.objects.create(user=dora, role="auditor", checked_at=dora.created_at)
    browser = let_in("dora")

    assert browser.get(LIST).status_code == 200
    refused = asked_by(browser)
    assert refused.status_code == 403 and not exports().exists()
    assert AuditEvent.objects.latest("sequence").detail["reason"] == "break_glass"


@pytest.mark.parametrize(
    "asked", [{"format": ""}, {"format": "xlsx"}, {"format": "csv", "team": "gone"}, {"format": "csv", "since": "x"}]
)
def test_what_cannot_be_exported_is_said_and_nothing_leaves(as_dora, told, asked):
    answer = as_dora.post(EXPORT, asked)

    assert answer.status_code == 422 and not answer.streaming
    assert not exports().exists()


def test_reading_its_page_exports_nothing(as_dora, told):
    answer = as_dora.get(EXPORT, {"format": "csv"})

    assert not answer.streaming and not exports().exists()


def test_a_press_from_another_site_exports_nothing(as_dora, told):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = as_dora.cookies

    assert strict.post(EXPORT, {"format": "csv"}).status_code == 403
    assert not exports().exists()


def test_an_event_of_another_kind_has_no_manifest(as_dora, told):
    event = AuditEvent.objects.get(sequence=1)

    assert as_dora.get(f"{LIST}{event.pk}/manifest/").status_code == 404
    assert "/manifest/" not in text(as_dora.get(f"{LIST}{event.pk}/change/"))


def test_what_cannot_be_put_on_record_does_not_leave(as_dora, told):
    AuditHead.objects.update(id=1, sequence=1)  # so that the next event's number is taken
    as_dora.raise_request_exception = False

    answer = asked_by(as_dora)

    assert answer.status_code == 500 and not answer.streaming
