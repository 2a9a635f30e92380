"""Decides who a session belongs to. Nobody is ever authenticated here: another step has proven who it is."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest


class People(BaseBackend):
    """Reads the person of a session; deactivated people have none."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> Any:
        people = get_user_model().objects
        try:
            return people.seated(user_id)
        except people.model.DoesNotExist:
            return None
