"""What a first visit costs: few requests, few bytes, and static files that are never asked for twice."""

import base64
import hashlib
import re
from urllib.parse import urljoin

import pytest
from browsers import NEW
from django.conf import settings

pytestmark = pytest.mark.same_on_any_database("bytes and headers of pages and static files, which no row decides")
MOST_REQUESTS = 6
MOST_BYTES = 80_000
FETCHED = "performance.getEntriesByType('resource').filter((part) => part.transferSize).map((part) => part.name)"
# https://getbootstrap.com/docs/5.3/getting-started/introduction/ (5.3.8), read 2026-11-24
BOOTSTRAP_CSS = "sha384-sRIl4kxILFvY47J16cr9ZwB07vP4J8+LH7qKQnuqkuIAvNWLzeN8tE5YBujZqJLB"


@pytest.fixture
def alice(shared_portal):
    """Alice's browser, with gzip only, as the least that every browser and proxy takes."""
    visitor = shared_portal.sign_in("alice")
    visitor.headers["Accept-Encoding"] = "gzip"
    return visitor


def transferred(visitor, url: str) -> tuple[int, dict[str, str]]:
    """Bytes of head and body as they travel, and the headers."""
    answer = visitor.get(url, stream=True)
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
    return head + len(answer.raw.read(decode_content=False)), dict(answer.headers)


def parts_of(visitor, path: str) -> list[str]:
    """Addresses that a page makes a browser fetch, those named in its style sheets included."""
    page = visitor.get(path).text
    urls = re.findall(r'<(?:link|script|img)\b[^>]*\b(?:href|src)="([^"]+)"', page)
    for sheet in [url for url in urls if url.endswith(".css")]:
        found = re.findall(r"url\(['\"]?(?!data:)([^'\")]+)", visitor.get(sheet).text)
        urls += [urljoin(sheet, url) for url in found]
    return urls


@pytest.mark.processes
def test_a_cold_visit_of_the_new_code_page_is_light(alice, record_property):
    parts = [NEW, *parts_of(alice, NEW)]
    weights = {part: transferred(alice, part)[0] for part in parts}
    record_property("bytes", sum(weights.values()))
    assert len(parts) <= MOST_REQUESTS, parts
    assert sum(weights.values()) <= MOST_BYTES, weights


@pytest.mark.browser
def test_a_real_browser_asks_for_exactly_those_parts_and_for_no_static_file_again(visit, shared_portal, alice):
    page = visit(shared_portal, "alice")
    page.context.clear_cookies(name="portal-csrf")
    page.goto("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request))
    page.goto(NEW, wait_until="networkidle")
    parts = {NEW, *parts_of(alice, NEW)}
    icon = {part for part in parts if "favicon" in part}  # Chromium asks for it when it likes
    assert {request.url.removeprefix(shared_portal.url) for request in asked} | icon == parts
    page.goto("/", wait_until="networkidle")
    assert page.evaluate(FETCHED) == []


@pytest.mark.processes
@pytest.mark.parametrize("path", ["/", NEW])
def test_static_files_have_hashed_names_are_compressed_and_kept_for_ever(alice, path):
    for part in parts_of(alice, path):
        assert re.fullmatch(r"/static/[a-z/.-]+\.[0-9a-f]{12}\.(css|js|svg)", part)
        headers = transferred(alice, part)[1]
        assert "immutable" in headers["Cache-Control"]
        assert int(re.search(r"max-age=(\d+)", headers["Cache-Control"])[1]) >= 31_536_000
        assert headers["Content-Encoding"] == "gzip"
        assert "Set-Cookie" not in headers


@pytest.mark.processes
def test_pages_themselves_are_neither_kept_nor_compressed(alice):
    for path in ("/", NEW):
        headers = transferred(alice, path)[1]
        assert "no-store" in headers["Cache-Control"]
        assert "Content-Encoding" not in headers  # a secret beside reflected input: BREACH


def test_bootstraps_style_sheet_is_the_published_one():
    css = settings.BOOTSTRAP.joinpath("css/bootstrap.min.css").read_bytes()
    assert "sha384-" + base64.b64encode(hashlib.sha384(css).digest()).decode() == BOOTSTRAP_CSS


@pytest.mark.processes
def test_no_script_of_others_is_served(alice):
    for path in ("/sso/sign-in/", "/", NEW):
        scripts = [part for part in parts_of(alice, path) if part.endswith(".js")]
        assert all(script.startswith("/static/portal/") for script in scripts)
        assert "bootstrap" not in " ".join(scripts)
