"""Decides who a signed-in session belongs to. In production nobody gets in until single sign-on is set up."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest


class Nobody(BaseBackend):
    """Admits no one, by any means."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> None:
        return None


class People(BaseBackend):
    """Reads the person of a session that another step opened; deactivated people have none."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> Any:
        people = get_user_model().objects
        try:
            return people.seated(user_id)
        except people.model.DoesNotExist:
            return None
