"""manage.py syncregistercodes: what it says and how it exits; the tests of syncing itself are elsewhere."""

import pytest
from django.core.management import call_command
from reading_pages import send

from registercodes.models import RegisterCode, SyncRun, UpstreamCode

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"


def sync(capsys, *words) -> str:
    call_command("syncregistercodes", *words)
    return capsys.readouterr().out


def test_it_says_one_line_for_each_region_and_exits_0(as_alice, typed, cloud, capsys, settings):
    settings.TAT_REGIONS = ["ap-singapore", "eu-frankfurt"]
    send(as_alice, NEW, typed())

    said = sync(capsys)

    assert [line.split(":")[0] for line in said.splitlines()] == ["ap-singapore", "eu-frankfurt"]
    assert "complete" in said
    assert UpstreamCode.objects.filter(code_id=RegisterCode.objects.get().code_id).exists()
    assert SyncRun.objects.filter(complete=True).count() == 2
