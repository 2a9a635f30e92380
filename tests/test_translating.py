"""Texts of templates: the same whether they are worked out once or each time; what can change stays Django's."""

import pytest
from django.template import Context, engines
from django.template.base import TextNode

CONSTANT = [
    '{% translate "Your code" %}',
    "{% trans 'Who & when <b>' %}",
    '{% translate "100% of it, “quoted”" %}',
    '{% translate "50%% of it" %}',
    "{% blocktranslate %}<b>All</b> 100% of it{% endblocktranslate %}",
    "{% blocktranslate trimmed %}\n  One\n  two\n{% endblocktranslate %}",
]
CHANGING = [
    "{% translate word %}",
    '{% translate _("Your code") %}',
    '{% translate "shout"|upper %}',
    '{% translate "May" context "a month" %}',
    '{% translate "kept" as label %}[{{ label }}]',
    "{% blocktranslate %}for {{ word }}{% endblocktranslate %}",
    "{% blocktranslate asvar label %}constant{% endblocktranslate %}[{{ label }}]",
    "{% blocktranslate count number=number %}one{% plural %}{{ number }}{% endblocktranslate %}",
    '{% blocktranslate context "a month" %}May{% endblocktranslate %}',
]


def template(text: str):
    return engines["django"].from_string(text).template


def drawn(text: str) -> str:
    return template(text).render(Context({"word": "<i>", "number": 3}))


def by_django(text: str) -> str:
    return drawn("{% load i18n %}" + text)  # a load puts Django's own tags over the builtin ones


@pytest.mark.parametrize("text", CONSTANT)
def test_a_constant_text_is_worked_out_when_its_template_is_read(text):
    [node] = template(text).nodelist
    assert isinstance(node, TextNode)
    assert drawn(text) == by_django(text)


@pytest.mark.parametrize("text", CHANGING)
def test_what_can_change_is_worked_out_each_time(text):
    assert not isinstance(template(text).nodelist[0], TextNode)
    assert drawn(text) == by_django(text)


@pytest.mark.parametrize("text", CONSTANT + CHANGING)
def test_where_translation_is_on_every_text_is_looked_up_each_time(text, settings):
    settings.USE_I18N = True
    assert not isinstance(template(text).nodelist[0], TextNode)
    assert drawn(text) == by_django(text)
