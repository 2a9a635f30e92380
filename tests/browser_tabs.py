"""A Chromium with a profile on disk and a tab menu: duplicate a tab, reopen a closed one, come back after a restart.

Playwright has no such commands. A small extension, written for the test, asks the browser for them.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsers import CONTEXT
from playwright.sync_api import BrowserContext, Page

MANIFEST = {
    "manifest_version": 3,
    "name": "Tab menu",
    "version": "1",
    "permissions": ["tabs", "sessions"],
    "background": {"service_worker": "worker.js"},
}
DUPLICATE = """async (url) => {
  const [tab] = await chrome.tabs.query({ url });
  await chrome.tabs.duplicate(tab.id);
}"""
REOPEN = "async () => { await chrome.sessions.restore(); }"


class Profile:
    """A browser profile in `directory`; several runs of the browser can use it one after the other."""

    def __init__(self, playwright, launch: dict, directory: Path, options: dict) -> None:
        self._playwright = playwright
        self._launch = launch
        self._options = {**CONTEXT, **options}
        self.directory = directory / "profile"
        self._extension = directory / "extension"
        self._extension.mkdir()
        self._extension.joinpath("manifest.json").write_text(json.dumps(MANIFEST))
        self._extension.joinpath("worker.js").touch()

    @contextmanager
    def running(self, *arguments: str) -> Iterator[BrowserContext]:
        extension = [f"--disable-extensions-except={self._extension}", f"--load-extension={self._extension}"]
        context = self._playwright.chromium.launch_persistent_context(
            self.directory,
            executable_path=self._launch["executable_path"],
            args=[*self._launch["args"], *extension, *arguments],
            ignore_default_args=[*self._launch["ignore_default_args"], "--disable-extensions"],
            **self._options,
        )
        try:
            yield context
        finally:
            context.close()

    def files_with(self, text: str) -> list[Path]:
        """Files of the profile that hold `text` as it is."""
        files = [path for path in self.directory.rglob("*") if path.is_file()]
        return [path for path in files if text.encode() in path.read_bytes()]


def duplicated(page: Page) -> Page:
    return _opened(page, DUPLICATE, page.url)


def reopened(page: Page) -> Page:
    """Closes the tab, without the browser asking, and reopens it as Ctrl+Shift+T does."""
    beside = page.context.new_page()  # the last tab would take the browser with it
    page.close()
    return _opened(beside, REOPEN)


def restored(context: BrowserContext) -> Page:
    """The tab that a restarted browser brings back by itself, beside the blank one it starts with."""
    for _ in range(200):
        if tabs := [page for page in context.pages if page.url != "about:blank"]:
            return tabs[0]
        context.pages[0].wait_for_timeout(50)
    raise AssertionError("no tab came back")


def _opened(page: Page, command: str, *argument: object) -> Page:
    context = page.context
    worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
    with context.expect_page() as opening:
        worker.evaluate(command, *argument)
    opening.value.wait_for_load_state()
    return opening.value


@pytest.fixture
def profile(playwright, chromium, tmp_path) -> Callable[..., Profile]:
    """profile(base_url=…, java_script_enabled=False)"""
    return lambda **options: Profile(playwright, chromium, tmp_path, options)
