"""`make run-sso`: a sample provider beside the demo's other servers, which begins and ends with them."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest
import requests
from oidc_provider import install
from test_demo import Demo, is_listening

from portal.sso import sample_provider

pytestmark = [
    pytest.mark.processes,
    pytest.mark.same_on_any_database("the demo keeps a database file of its own, whatever the tests run on"),
]


@pytest.fixture
def demo(tmp_path):
    install()
    return Demo(tmp_path, sso=True)


def wait_for_the_provider(demo: Demo) -> dict:
    give_up = time.monotonic() + 20
    while not is_listening(demo.provider_url):
        assert time.monotonic() < give_up, "the provider did not start"
        time.sleep(0.05)
    return requests.get(f"{demo.provider_url}/.well-known/openid-configuration", timeout=5).json()


def variables_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_text().rstrip("\0").split("\0")
    return dict(pair.split("=", 1) for pair in pairs)


def test_the_provider_starts_beside_the_portal_and_the_portal_is_told_of_it(demo):
    with demo:
        demo.first_page()

        assert wait_for_the_provider(demo)["issuer"] == demo.provider_url
        assert set(demo.servers) == {"registercodes.sandbox", "provider.mjs", "gunicorn", "syncregistercodes"}
        told = sample_provider.environment(demo.provider_port)
        assert told["OIDC_ISSUER"] == demo.provider_url
        assert told.items() <= variables_of(demo.servers["gunicorn"]).items()


def test_stopping_the_demo_stops_the_provider_too(demo):
    with demo:
        demo.first_page()
        wait_for_the_provider(demo)
        assert demo.stop() == 0
    assert not is_listening(demo.provider_url)


def test_the_demo_ends_with_its_provider(demo):
    with demo:
        demo.first_page()
        wait_for_the_provider(demo)
        os.kill(demo.servers["provider.mjs"], signal.SIGTERM)

        assert demo.process.wait(30) == 1
        assert "The provider ended by itself" in demo.process.stderr.read()
    assert not is_listening(demo.url)


@pytest.mark.parametrize(
    ("bind", "portals"),
    [
        ("127.0.0.1:8000", ["http://127.0.0.1:8000", "http://localhost:8000"]),
        ("localhost:81", ["http://localhost:81", "http://127.0.0.1:81"]),
        ("0.0.0.0:8000", ["http://127.0.0.1:8000", "http://localhost:8000"]),
        ("[::]:8000", ["http://127.0.0.1:8000", "http://localhost:8000"]),
        ("[::1]:8000", ["http://[::1]:8000", "http://127.0.0.1:8000", "http://localhost:8000"]),
        ("192.0.2.7:80", ["http://192.0.2.7:80", "http://127.0.0.1:80", "http://localhost:80"]),
    ],
)
def test_the_portal_is_known_by_every_name_a_browser_here_may_use(bind, portals):
    assert sample_provider.portals_at(bind) == portals


def test_a_port_that_somebody_listens_on_is_refused_before_anything_is_written(demo, tmp_path):
    with socket.create_server(("127.0.0.1", demo.provider_port)), demo:
        assert demo.process.wait(30) == 1
        said = demo.process.stderr.read()
        assert f"Something listens on 127.0.0.1:{demo.provider_port}" in said and "--sso port" in said
        assert list(tmp_path.iterdir()) == []


def test_without_node_it_says_what_to_install_and_writes_nothing(demo, tmp_path):
    demo.environment["PATH"] = str(tmp_path / "nothing-here")
    with demo:
        assert demo.process.wait(30) == 1
        assert "No node on this machine: apt-get install nodejs npm" in demo.process.stderr.read()
        assert list(tmp_path.iterdir()) == []


def test_no_provider_is_started_unless_asked_for(tmp_path):
    with Demo(tmp_path) as demo:
        demo.first_page()

        assert set(demo.servers) == {"registercodes.sandbox", "gunicorn", "syncregistercodes"}
        assert not any(name.startswith("OIDC_") for name in variables_of(demo.servers["gunicorn"]))
