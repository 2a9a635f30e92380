"""The banner over every page: what kind of place codes are asked of, as that place itself says, and never at length."""

import time

from tat_wire import answering, http, wire
from threads import at_once

from portal.context import EndpointNotice, endpoint_notice


def silence(connection, server):
    while connection.recv(65536):
        pass


def test_the_cloud_itself_has_no_banner():
    assert endpoint_notice("https://tat.intl.tencentcloudapi.com") is None


def test_a_sandbox_says_so_and_is_asked_once(settings):
    with wire(answering(http(b"", headers="X-TAT-Sandbox: yes\r\n"))) as server:
        settings.TAT_ENDPOINT = server.url
        notices = [endpoint_notice(server.url) for _ in range(3)]
        assert notices == [EndpointNotice(host=f"localhost:{server.port}", is_sandbox=True)] * 3
        assert len(server.requests) == 1


# What must not happen.


def test_a_place_that_does_not_answer_is_asked_by_one_page_and_holds_none_for_long(settings):
    with wire(silence) as server:
        settings.TAT_ENDPOINT = server.url
        began = time.monotonic()
        notices = at_once(8, lambda _: endpoint_notice(server.url))
        assert time.monotonic() - began < 1.5
        assert {notice.is_sandbox for notice in notices} == {False}
        assert server.connections == 1
