"""Builds the one cloud client of this process from the settings."""

import logging
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseFailed  # DatabaseError and InterfaceError

from registercodes import throttle
from registercodes.tat.client import TatClient
from registercodes.tat.credentials import CredentialSource, CvmRoleCredentials, FileCredentials

log = logging.getLogger("registercodes.cloud")


def client(*, deadline: float | None = None) -> TatClient:
    """``deadline``: seconds, when a page waits for an answer that it can do without."""
    most = min(settings.TAT_DEADLINE, deadline or settings.TAT_DEADLINE)
    connect = min(settings.TAT_CONNECT_TIMEOUT, most)
    return _client(settings.TAT_ENDPOINT, connect, most, settings.TENCENTCLOUD_CAM_ROLE_NAME)


def endpoint() -> str:
    """Which cloud that is: what is remembered of one says nothing of another."""
    return f"{settings.TAT_ENDPOINT} {settings.TAT_ACCOUNT}"


@lru_cache(maxsize=8)
def _client(endpoint: str, connect_timeout: float, deadline: float, role: str) -> TatClient:
    return TatClient(
        endpoint=endpoint,
        credentials=_credentials(role),
        connect_timeout=connect_timeout,
        deadline=deadline,
        wait_for_slot=_slot_comes,
    )


def _slot_comes(action: str, seconds: float) -> bool:
    """Asked after a refusal, which stands whatever ails the budget's database."""
    try:
        return throttle.take(action, wait=seconds)
    except DatabaseFailed:
        log.error("budget_unusable", extra={"action": action}, exc_info=True)
        return False


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
