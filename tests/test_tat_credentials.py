"""Where keys come from, and that they are looked at again when they change or end."""

import json
import os
import threading
import time
import traceback

import pytest

from registercodes.tat import (
    Credentials,
    CredentialsUnavailable,
    CvmRoleCredentials,
    FileCredentials,
    StaticCredentials,
)
from tests.tat_wire import answering, http, read_request, wire

NOW = 1_772_699_245.0


@pytest.fixture
def files(tmp_path):
    paths = {name: tmp_path / name for name in ("secret_id", "secret_key", "token")}
    for name, path in paths.items():
        path.write_text(f"  {name}-1 \n")
    return paths


def metadata(number, *, expires, **changes):
    found = {
        "TmpSecretId": f"id-{number}",
        "TmpSecretKey": f"key-{number}",
        "Token": f"token-{number}",
        "ExpiredTime": expires,
        "Expiration": "2026-03-05T10:00:00Z",
        "Code": "Success",
    }
    return http(json.dumps(found | changes).encode())


def role(server, **options):
    return CvmRoleCredentials(role_name="portal", metadata_url=server.url + "/creds/", **options)


# Literal


def test_literal_keys_never_change():
    source = StaticCredentials(secret_id="id", secret_key="key")
    assert source.current() == Credentials("id", "key", "")
    assert source.reload() is False


@pytest.mark.parametrize("key", ["", " ", "two words", "line\nline", "schlüssel", "nul\0"])
def test_a_key_that_is_no_word_is_refused_without_being_shown(key):
    with pytest.raises(CredentialsUnavailable) as caught:
        StaticCredentials(secret_id="id", secret_key=key)
    assert "secret_key" in str(caught.value)
    assert not key.strip() or key not in str(caught.value)


# Files


def test_files_are_read_without_their_newline_and_blanks(files):
    assert FileCredentials(**files).current() == Credentials("secret_id-1", "secret_key-1", "token-1")


def test_parts_may_be_literal_and_the_token_absent(files):
    source = FileCredentials(secret_id="literal", secret_key=files["secret_key"])
    assert source.current() == Credentials("literal", "secret_key-1", "")


def test_a_file_written_anew_is_read_again(files):
    source = FileCredentials(**files)
    source.current()
    files["secret_key"].write_text("secret_key-2")
    os.utime(files["secret_key"], ns=(1, 1))
    assert source.current().secret_key == "secret_key-2"


def test_a_file_replaced_by_another_of_the_same_size_and_time_is_read_again(files, tmp_path):
    source = FileCredentials(**files)
    source.current()
    old = files["secret_key"].stat()
    fresh = tmp_path / "fresh"
    fresh.write_text("  secret_key-9 \n")
    os.utime(fresh, ns=(old.st_atime_ns, old.st_mtime_ns))
    fresh.rename(files["secret_key"])
    assert source.current().secret_key == "secret_key-9"


def test_a_symlink_turned_to_another_folder_is_followed(tmp_path):
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "key").write_text(f"key-{number}")
    link = tmp_path / "current"
    link.symlink_to("1")
    source = FileCredentials(secret_id="id", secret_key=link / "key")
    assert source.current().secret_key == "key-1"
    turned = tmp_path / "turned"
    turned.symlink_to("2")
    turned.rename(link)
    assert source.current().secret_key == "key-2"


def test_an_unchanged_file_is_not_read_again(files):
    source = FileCredentials(**files)
    assert source.current() is source.current()


def test_reload_tells_whether_the_keys_changed(files):
    source = FileCredentials(**files)
    source.current()
    assert source.reload() is False
    files["token"].write_text("token-2")
    assert source.reload() is True


@pytest.mark.parametrize("content", [None, b"", b" \n", b"two words", b"\xff\xfe", b"a\nb"])
def test_an_unusable_file_is_named_by_its_variable_and_never_quoted(files, content):
    if content is None:
        files["secret_key"].unlink()
    else:
        files["secret_key"].write_bytes(content)
    with pytest.raises(CredentialsUnavailable) as caught:
        FileCredentials(**files).current()
    assert str(caught.value).startswith("TENCENTCLOUD_SECRET_KEY_FILE: ")
    assert "two words" not in str(caught.value) and str(files["secret_key"]) not in str(caught.value)


@pytest.mark.parametrize("content", [b"canary words", b"canary\xff", b"canary\ncanary"])
def test_a_traceback_of_an_unusable_file_shows_none_of_it(files, content):
    files["secret_key"].write_bytes(content)
    with pytest.raises(CredentialsUnavailable) as caught:
        FileCredentials(**files).current()
    assert caught.value.__context__ is None
    inside = caught.value.__traceback__.tb_next
    shown = traceback.TracebackException(type(caught.value), caught.value, inside, capture_locals=True)
    text = "".join(shown.format())
    assert "credentials.py" in text
    assert "canary" not in text and "secret_id-1" not in text


# The machine's role


def test_the_roles_keys_are_fetched_once_and_used_until_they_near_their_end():
    with wire(answering(metadata(1, expires=NOW + 3600), metadata(2, expires=NOW + 7200))) as server:
        now = [NOW]
        source = role(server, clock=lambda: now[0])
        assert source.current() == Credentials("id-1", "key-1", "token-1")
        now[0] = NOW + 3299
        assert source.current().secret_id == "id-1"
        assert len(server.requests) == 1
        now[0] = NOW + 3300
        assert source.current().secret_id == "id-2"
    assert server.requests[0].startswith(b"GET /creds/portal ")


def test_a_failed_refresh_keeps_keys_that_still_hold_and_then_gives_up():
    down = http(b"", status="500 Internal Server Error")
    with wire(answering(metadata(1, expires=NOW + 400), down)) as server:
        now = [NOW]
        source = role(server, clock=lambda: now[0])
        source.current()
        now[0] = NOW + 200
        assert source.current().secret_id == "id-1"
        now[0] = NOW + 205
        assert source.current().secret_id == "id-1"
        assert len(server.requests) == 2  # not asked anew within ten seconds
        now[0] = NOW + 400
        with pytest.raises(CredentialsUnavailable):
            source.current()


def test_many_threads_make_one_fetch():
    def slowly(connection, server):
        while read_request(connection, server):
            time.sleep(0.1)
            connection.sendall(metadata(1, expires=NOW + 3600))

    with wire(slowly) as server:
        source = role(server, clock=lambda: NOW)
        found = []
        threads = [threading.Thread(target=lambda: found.append(source.current())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 1
    assert len(set(found)) == 1


def test_a_refresh_under_way_does_not_hold_up_keys_that_still_hold():
    def first_fast_then_stuck(connection, server):
        read_request(connection, server)
        connection.sendall(metadata(1, expires=NOW + 200))
        read_request(connection, server)
        time.sleep(1.0)

    with wire(first_fast_then_stuck) as server:
        source = role(server, clock=lambda: NOW + len(server.requests) * 20)
        source.current()
        thread = threading.Thread(target=source.current, daemon=True)
        thread.start()
        time.sleep(0.1)
        began = time.monotonic()
        assert source.current().secret_id == "id-1"
        assert time.monotonic() - began < 0.2


def test_reload_of_a_role_fetches_and_tells_whether_the_keys_changed():
    answers = [metadata(1, expires=NOW + 3600), metadata(1, expires=NOW + 3600), metadata(2, expires=NOW + 3600)]
    with wire(answering(*answers)) as server:
        source = role(server, clock=lambda: NOW)
        source.current()
        assert source.reload() is False
        assert source.reload() is True


@pytest.mark.parametrize(
    "answer",
    [
        http(b"", status="404 Not Found"),
        http(b"", status="302 Found", headers="Location: /other\r\n"),
        http(b"not json"),
        http(b"[]"),
        metadata(1, expires=NOW + 3600, Code="Failed"),
        metadata(1, expires="soon"),
        metadata(1, expires=NOW + 3600, TmpSecretKey=""),
        metadata(1, expires=NOW + 3600, TmpSecretKey=None),
        metadata(1, expires=NOW - 1),
    ],
)
def test_an_answer_without_valid_keys_is_unavailable(answer):
    with wire(answering(answer)) as server, pytest.raises(CredentialsUnavailable) as caught:
        role(server, clock=lambda: NOW).current()
    assert "id-1" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/b", "a?b", "x" * 129, "a b"])
def test_a_role_name_that_would_change_the_address_is_refused(name):
    with pytest.raises(CredentialsUnavailable):
        CvmRoleCredentials(role_name=name)


# What must not happen


def test_keys_are_never_in_a_repr(files):
    credentials = FileCredentials(**files).current()
    assert repr(credentials) == str(credentials) == f"{credentials}" == "Credentials(withheld)"
    assert "secret_key-1" not in repr([StaticCredentials(secret_id="id", secret_key="secret_key-1")])
