"""What auditors and administrators see in Django's admin; only the teams' policies can be changed there."""

from registercodes.admin import codes, events, overview, policies

__all__ = ["codes", "events", "overview", "policies"]
