"""The cloud's register-code API. Knows no Django, no settings and no environment."""

from registercodes.tat.client import Created, TatClient
from registercodes.tat.credentials import (
    Credentials,
    CredentialSource,
    CredentialsUnavailable,
    CvmRoleCredentials,
    FileCredentials,
    StaticCredentials,
)
from registercodes.tat.errors import ERRORS, Meaning, NotSent, Refused, TatError, Unknown, meaning_of
from registercodes.tat.records import Page, Quota, Region, RegisterCodeInfo, RegisterInstanceInfo

__all__ = [
    "ERRORS",
    "Created",
    "CredentialSource",
    "Credentials",
    "CredentialsUnavailable",
    "CvmRoleCredentials",
    "FileCredentials",
    "Meaning",
    "NotSent",
    "Page",
    "Quota",
    "Refused",
    "Region",
    "RegisterCodeInfo",
    "RegisterInstanceInfo",
    "StaticCredentials",
    "TatClient",
    "TatError",
    "Unknown",
    "meaning_of",
]
