"""A portal behind the certified provider, for tests in a real Chromium: how people sign in, and what time does to them.

    alice = enter("alice")
    alice.goto(NEW)
    company.wait_past_the_check("alice")
    create(alice)  # goes to the provider and back first

Waiting is done in the database: a session's last check is moved into the past, so no test depends on a fast machine.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from browsers import CONTEXT
from django.contrib.sessions.backends.db import SessionStore
from oidc_provider import PEOPLE, OidcProvider
from playwright.sync_api import Page, expect
from sandbox_process import Sandbox
from server_process import Portal, free_port

RECHECK = 300
HELP = "Ask the access desk on floor three, extension 4711."
SIGN_IN_THERE = re.compile(r"/sign-in/")
SESSIONS_OF = """SELECT s.session_key, s.session_data FROM django_session s
    JOIN sso_livesession l ON l.key = s.session_key JOIN sso_user u ON u.id = l.user_id WHERE u.username = ?"""
# The chrome of an error page that the browser itself writes about an answer that was meant to be one.
ANSWERED_SO = "Failed to load resource: the server responded with a status of"


@dataclass
class Company:
    """The portal, its provider, and the clock of their sessions."""

    portal: Portal
    provider: OidcProvider
    complaints: list[tuple[str, str, str]] = field(default_factory=list)  # of every page's console: kind, text, url

    @property
    def url(self) -> str:
        return self.portal.url

    def pass_time(self, name: str, seconds: float) -> None:
        """For the sessions of one person, as far as their last check is concerned."""
        self.change_sessions(name, lambda facts: facts.update(checked_at=facts["checked_at"] - seconds))

    def change_sessions(self, name: str, change: Callable[[dict], None]) -> None:
        """What single sign-on keeps in them."""
        found = self.portal.database.query(SESSIONS_OF, name)
        assert found, f"{name} has no session"
        for row in found:
            kept = SessionStore().decode(row.session_data)
            change(kept["sso"])
            self.portal.database.execute(
                "UPDATE django_session SET session_data = ? WHERE session_key = ?",
                SessionStore().encode(kept),
                row.session_key,
            )

    def wait_past_half(self, name: str) -> None:
        self.pass_time(name, RECHECK * 0.6)

    def wait_past_the_check(self, name: str) -> None:
        self.pass_time(name, RECHECK + 1)

    def restart_portal(self) -> None:
        """Remembers nothing of its provider: neither keys, nor when it last looked for them, nor that it was away."""
        self.portal.kill()
        self.portal.start()

    def sessions(self, name: str) -> int:
        return len(self.portal.database.query(SESSIONS_OF, name))


@pytest.fixture(scope="module")
def standing_company(tmp_path_factory) -> Iterator[Company]:
    """One of each for a whole module; one worker, so that what it has learnt is known at once."""
    directory, port = tmp_path_factory.mktemp("company"), free_port()
    with (
        Sandbox(directory, rate=0) as sandbox,
        OidcProvider(f"http://127.0.0.1:{port}") as provider,
        Portal(directory, sandbox, workers=1, port=port, **settings_for(provider)) as portal,
    ):
        yield Company(portal, provider)


def settings_for(provider: OidcProvider, **changes: object) -> dict[str, object]:
    return {
        **provider.environment(),
        "OIDC_RECHECK_SECONDS": RECHECK,
        "OIDC_DEADLINE": 2,
        "ACCESS_HELP": HELP,
        **changes,
    }


@pytest.fixture
def company(standing_company) -> Iterator[Company]:
    """As at the start, codes and events of earlier tests apart; at the end no page has complained of anything."""
    standing_company.provider.reset()
    for table in ("sso_livesession", "django_session"):
        standing_company.portal.database.execute(f"DELETE FROM {table}")
    standing_company.portal.sandbox.clear_faults()
    standing_company.portal.sandbox.forget_calls()
    standing_company.complaints.clear()
    yield standing_company
    assert standing_company.complaints == []


Enter = Callable[..., Page]


@pytest.fixture
def enter(company, new_context) -> Enter:
    """A browser profile of somebody's own, signed in through the provider if named; its console is listened to."""

    def open_tab(name: str = "", **options: object) -> Page:
        context = new_context(**{**CONTEXT, "base_url": company.url, **options})
        context.on("page", lambda page: listen(page, company.complaints))
        page = context.new_page()
        if name:
            page.goto("/")
            choose(page, name)
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        return page

    return open_tab


def listen(page: Page, complaints: list) -> None:
    """That a page answers 4xx or 5xx is its business; anything else said is a complaint, CSP violations included."""

    def heard(message) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ANSWERED_SO):
            complaints.append((message.type, message.text, page.url))

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(("error", str(error), page.url)))


# What people do at the provider.


def choose(page: Page, name: str) -> None:
    """Presses somebody's button on the provider's sign-in page."""
    expect(page.get_by_role("heading", name="Sample provider: sign in")).to_be_visible()
    page.get_by_role("button", name=PEOPLE[name]["name"]).click()


def sign_in_from(page: Page, name: str, path: str) -> None:
    """Asks for a page of the portal and signs in on the way."""
    page.goto(path)
    choose(page, name)


def sign_out(page: Page) -> None:
    """At the portal and, as it is asked to, at the provider; ends on the portal's last page."""
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sample provider: sign out")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()


def is_asked_to_sign_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sample provider: sign in")).to_be_visible()


# What the browser went through.


def documents(page: Page) -> list[str]:
    """Addresses of the documents committed from here on, in order: what a person could have seen."""
    committed: list[str] = []
    page.on("framenavigated", lambda frame: committed.append(frame.url))
    return committed
