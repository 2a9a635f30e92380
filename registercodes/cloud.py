"""Builds the one cloud client of this process from the settings."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from registercodes import throttle
from registercodes.tat.client import TatClient
from registercodes.tat.credentials import CredentialSource, CvmRoleCredentials, FileCredentials


def client() -> TatClient:
    return _client(
        settings.TAT_ENDPOINT, settings.TAT_CONNECT_TIMEOUT, settings.TAT_DEADLINE, settings.TENCENTCLOUD_CAM_ROLE_NAME
    )


@lru_cache(maxsize=8)
def _client(endpoint: str, connect_timeout: float, deadline: float, role: str) -> TatClient:
    return TatClient(
        endpoint=endpoint,
        credentials=_credentials(role),
        connect_timeout=connect_timeout,
        deadline=deadline,
        wait_for_slot=lambda action, seconds: throttle.take(action, wait=seconds),
    )


def _credentials(role: str) -> CredentialSource:
    if role:
        return CvmRoleCredentials(role_name=role)
    return FileCredentials(
        secret_id=_given(settings.TENCENTCLOUD_SECRET_ID, settings.TENCENTCLOUD_SECRET_ID_FILE),
        secret_key=_given(settings.TENCENTCLOUD_SECRET_KEY, settings.TENCENTCLOUD_SECRET_KEY_FILE),
        token=_given(settings.TENCENTCLOUD_TOKEN, settings.TENCENTCLOUD_TOKEN_FILE),
    )


def _given(value: str, path: str) -> str | Path:
    return Path(path) if path else value
