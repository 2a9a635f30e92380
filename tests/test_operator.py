"""Who runs a command is what the operating system says, whatever the environment claims."""

import os
import pwd

import pytest

from registercodes import operator

ROOT, ANN, UNKNOWN = 0, 1234, 3_999_999_999


@pytest.fixture
def machine(monkeypatch):
    """A machine with root and ann, on which ``login`` became ``user``."""

    def named(uid: int) -> pwd.struct_passwd:
        names = {ROOT: "root", ANN: "ann"}
        return pwd.struct_passwd((names[uid], "x", uid, uid, "", "/", "/bin/sh"))

    def of(*, user: int, login: object) -> None:
        monkeypatch.setattr(os, "getuid", lambda: user)
        monkeypatch.setattr(pwd, "getpwuid", named)
        monkeypatch.setattr(operator.Path, "read_text", lambda path: read(path, login))

    def read(path: object, login: object) -> str:
        assert str(path) == "/proc/self/loginuid"
        if isinstance(login, OSError):
            raise login
        return str(login)

    return of


@pytest.mark.parametrize(
    ("user", "login", "name"),
    [
        (ANN, ANN, "ann"),
        (ROOT, ANN, "root (logged in as ann)"),
        (ROOT, ROOT, "root"),
        (ROOT, operator.UNSET, "root"),
        (ANN, ROOT, "ann (logged in as root)"),
        (ROOT, UNKNOWN, f"root (logged in as uid {UNKNOWN})"),
        (UNKNOWN, operator.UNSET, f"uid {UNKNOWN}"),
        (UNKNOWN, UNKNOWN, f"uid {UNKNOWN}"),
    ],
)
def test_it_names_the_user_and_who_became_it(machine, user, login, name):
    machine(user=user, login=login)

    assert operator.name() == name


@pytest.mark.parametrize("login", [OSError("no /proc"), FileNotFoundError(), PermissionError(), "", "ann"])
def test_where_no_login_is_known_it_names_the_user_alone(machine, login):
    machine(user=ROOT, login=login)

    assert operator.name() == "root"


def test_on_this_machine_it_is_somebody():
    assert operator.name()


# What must not happen.


@pytest.mark.parametrize("variable", ["USER", "LOGNAME", "SUDO_USER", "LNAME", "USERNAME"])
def test_the_environment_is_not_believed(machine, monkeypatch, variable):
    machine(user=ANN, login=ANN)
    monkeypatch.setenv(variable, "mallory")

    assert operator.name() == "ann"
