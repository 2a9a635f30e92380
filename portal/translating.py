"""Django's translation tags, in every template without a ``load``; constant texts become text when a template is read.

While there is no catalogue (``USE_I18N`` is off) nothing can change them, and on
the page of a new code working out sixty of them each time was a third of its drawing.
"""

from collections.abc import Callable
from typing import Any

from django import template
from django.conf import settings
from django.template.base import Node, Parser, TextNode, Token, Variable
from django.templatetags import i18n

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


def _constant(node: i18n.TranslateNode) -> str | None:
    asked = node.filter_expression
    is_literal = isinstance(asked.var, Variable) and asked.var.lookups is None
    if not is_literal or asked.filters or node.message_context or node.asvar:
        return None
    return node.render(template.Context())


def _constant_block(node: i18n.BlockTranslateNode) -> str | None:
    text, names = node.render_token_list(node.singular)
    if names or node.plural or node.message_context or node.asvar:
        return None
    return text % {}  # per cent signs are doubled in it, as in what gettext returns


def _read_once(read: Callable[..., Node], constant: Callable[[Any], str | None]) -> Callable[..., Node]:
    def tag(parser: Parser, token: Token) -> Node:
        node = read(parser, token)
        text = None if settings.USE_I18N else constant(node)
        return node if text is None else TextNode(text)

    return tag


for name in ("translate", "trans"):
    register.tag(name, _read_once(i18n.do_translate, _constant))
for name in ("blocktranslate", "blocktrans"):
    register.tag(name, _read_once(i18n.do_block_translate, _constant_block))
