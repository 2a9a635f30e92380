"""What an operator and a person do while the provider is dead: a code made by the command, typed into the page."""

import io
import re

from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from reading_pages import send

PAGE = "/sso/break-glass/"
DEAD = "http://127.0.0.1:9"
REASON = "the provider is down, OPS-7"


def printed(person: str = "alice", *, reason: str = REASON) -> str:
    out = io.StringIO()
    call_command("breakglass", person, "--reason", reason, stdout=out)
    return out.getvalue()


def made(person: str = "alice") -> str:
    """A code, as the command prints it."""
    [code] = re.findall(r"\b(?:[A-Z2-9]{4}-){4}[A-Z2-9]{4}\b", printed(person))
    return code


def enter(client: Client, code: str, **extra) -> HttpResponse:
    return send(client, PAGE, {"code": code}, **extra)


def let_in(person: str = "alice") -> Client:
    client = Client()
    assert enter(client, made(person)).status_code == 302
    return client


def wrong_of(code: str) -> str:
    """The same code with its last letter another: found, and not right."""
    return code[:-1] + ("A" if code[-1] != "A" else "B")
