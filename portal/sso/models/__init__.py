"""Who people are and which of their sessions live; written by sign-in and what follows from it alone."""

from portal.sso.models.people import RoleGrant, User, UserManager
from portal.sso.models.sessions import BreakGlassCode, LiveSession, SpentToken

__all__ = ["BreakGlassCode", "LiveSession", "RoleGrant", "SpentToken", "User", "UserManager"]
