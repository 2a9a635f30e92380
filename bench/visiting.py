"""Bytes and requests of the new-code page for somebody whose browser has nothing of ours yet."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

from server_process import Portal

from bench.browser import NEW, Browser, Reply
from bench.figures import Figure

KB = 1000
CSS_URL = re.compile(rb"url\(\s*[\"']?([^\"')]+)")


class _Assets(HTMLParser):
    """What a browser fetches for a page: style sheets, icons, scripts, images."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        wanted = found.get("src") if tag in ("script", "img") else found.get("href") if tag == "link" else None
        if wanted:
            self.addresses.append(wanted)


def figures(portal: Portal) -> list[Figure]:
    browser = Browser(portal)
    page = browser.get(NEW, **{"Accept-Encoding": "gzip"})
    replies = {NEW: page} | _fetched(browser, _assets_of(page))
    sizes = {address: len(reply.body) + len(bytes(reply.headers)) for address, reply in replies.items()}
    bootstrap = sum(size for address, size in sizes.items() if "/bootstrap/" in address)
    total = sum(sizes.values())
    return [
        Figure(
            "new-code page, cold: compressed, with headers",
            total / KB,
            "KB",
            yardstick=bootstrap / KB,
            yardstick_is="KB: Bootstrap's own style sheet",
            goal=80,
        ),
        Figure("new-code page, cold: requests", len(replies), "requests", goal=6),
    ]


def _assets_of(page: Reply) -> list[str]:
    reader = _Assets()
    reader.feed(page.body.decode())
    return reader.addresses


def _fetched(browser: Browser, addresses: list[str]) -> dict[str, Reply]:
    """Each address once, and whatever style sheets name."""
    replies: dict[str, Reply] = {}
    waiting = list(addresses)
    while waiting:
        address = waiting.pop()
        if address in replies:
            continue
        replies[address] = reply = browser.get(address, **{"Accept-Encoding": "gzip"})
        if reply.status != 200:
            raise RuntimeError(f"{address} answered {reply.status}")
        if address.endswith(".css"):
            waiting += [urljoin(address, name) for name in _named_in(browser, address)]
    return replies


def _named_in(browser: Browser, address: str) -> list[str]:
    plain = browser.get(address)
    return [name.decode() for name in CSS_URL.findall(plain.body) if not name.startswith((b"data:", b"#"))]
