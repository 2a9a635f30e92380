"""Markup and format strings are text on every page they appear on, whoever wrote them."""

import html

import pytest
from cast import browser_of
from django.test import override_settings
from reading_pages import send

from registercodes.models import RegisterCode, Team

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ settings.SECRET_KEY }}{% load x %}",
    "%(longest)d %s %n {0.__class__} {x} ${7*7}",
    "</title></code></textarea><svg/onload=alert(1)>",
    "&lt;b&gt; &amp; <!-- --> ]]>",
    "javascript:alert(1)",
]
PREFIX = '"><b>%s{{7*7}}{0}%(a)d'


def issued(client, typed, cloud, **changes):
    return send(client, NEW, typed(**changes))


def after_issuing(path):
    def page(client, typed, cloud, **changes):
        send(client, NEW, typed(**changes))
        return client.get(path.format(RegisterCode.objects.get().reference))

    return page


def replayed(client, typed, cloud, **changes):
    fields = typed(**changes)
    send(client, NEW, fields)
    return send(client, NEW, fields)


def already_used(client, typed, cloud, **changes):
    fields = typed(**changes)
    send(client, NEW, fields)
    return send(client, NEW, fields | {"register_limit": "9"})


def with_a_mistake(client, typed, cloud, **changes):
    return send(client, NEW, typed(register_limit="0", **changes))


def failing(fault, **how):
    def page(client, typed, cloud, **changes):
        cloud.fault(fault, **how)
        return send(client, NEW, typed(**changes))

    return page


# Pages that show the description and the prefix; those that show the prefix alone.
BOTH = {
    "form with a mistake": with_a_mistake,
    "card": after_issuing("/codes/{}/"),
    "pressed again": replayed,
    "sent before": already_used,
    "another like it": after_issuing("/teams/web/codes/new/?like={}"),
}
DESCRIPTION_ONLY = {"list": after_issuing("/"), "disabling": after_issuing("/codes/{}/disable/")}
PREFIX_ONLY = {
    "issued": issued,
    "refused": failing("error", code="LimitExceeded"),
    "unknown": failing("reset"),
    "withheld": failing("no_value"),
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("page", (BOTH | DESCRIPTION_ONLY).values(), ids=BOTH | DESCRIPTION_ONLY)
def test_a_description_is_shown_as_it_was_typed_and_does_nothing(as_alice, typed, cloud, page, hostile):
    shown = page(as_alice, typed, cloud, description=hostile).content.decode()

    assert html.escape(hostile) in shown
    assert hostile == html.escape(hostile) or hostile not in shown


@pytest.mark.parametrize("page", (BOTH | PREFIX_ONLY).values(), ids=BOTH | PREFIX_ONLY)
def test_a_name_prefix_is_shown_as_it_was_typed_and_does_nothing(as_alice, typed, cloud, page):
    shown = page(as_alice, typed, cloud, instance_name_prefix=PREFIX).content.decode()

    assert html.escape(PREFIX) in shown
    assert PREFIX not in shown


@pytest.mark.parametrize("page", BOTH | PREFIX_ONLY | DESCRIPTION_ONLY)
def test_names_of_teams_and_people_are_text_too(alice, web, typed, cloud, page):
    hostile = "<i>%s{{ x }}</i>"
    Team.objects.filter(pk=web.pk).update(name=hostile)
    type(alice).objects.filter(pk=alice.pk).update(display_name=hostile)

    shown = (BOTH | PREFIX_ONLY | DESCRIPTION_ONLY)[page](browser_of(alice), typed, cloud).content.decode()

    assert shown.count(html.escape(hostile)) >= 2
    assert hostile not in shown


@pytest.mark.parametrize("path", ["/", "/teams/web/codes/new/", "/codes/aaaaaaa/"])
@override_settings(ACCESS_HELP="<b>call 1234</b> %s")
def test_the_operators_own_words_are_text(as_mallory, web, path):
    assert "<b>call" not in as_mallory.get(path).content.decode()


def test_where_to_go_after_sign_in_is_text(client, db):
    shown = client.get("/sso/sign-in/", {"next": '"><script>alert(1)</script>'}).content.decode()

    assert "<script>alert" not in shown


def test_the_plan_says_what_was_typed_as_text(as_alice, typed):
    shown = as_alice.post("/teams/web/codes/plan/", typed(instance_name_prefix=PREFIX)).content.decode()

    assert html.escape(PREFIX) in shown and PREFIX not in shown


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "%(name)s", "{{ x }}"])
def test_a_fields_name_never_becomes_markup_or_a_format(as_alice, typed, cloud, name):
    shown = send(as_alice, NEW, [*typed().items(), (name, "1")]).content.decode()

    assert html.escape(name) in shown
    assert "<script>alert" not in shown
