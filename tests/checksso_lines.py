"""Runs `manage.py checksso` and reads its lines."""

import io

import pytest
from django.core.management import CommandError, call_command

BASE = ("--base-url", "https://portal.example.com")


@pytest.fixture
def answers_there(settings):
    settings.ALLOWED_HOSTS = ["portal.example.com"]


def check(*options: str) -> tuple[int, list[str]]:
    """Status and lines."""
    out = io.StringIO()
    try:
        call_command("checksso", *(options or BASE), stdout=out)
    except CommandError as problem:
        return problem.returncode, [*out.getvalue().splitlines(), str(problem)]
    return 0, out.getvalue().splitlines()


def said(kind: str, lines: list[str]) -> list[str]:
    return [line[6:] for line in lines if line.startswith(f"{kind:<5} ")]


def the_wrong(lines: list[str]) -> str:
    """What is wrong, when it is one thing."""
    [line] = said("wrong", lines)
    assert lines[-1] == "1 wrong."
    return line
