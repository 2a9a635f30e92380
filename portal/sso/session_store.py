"""Django's sessions in the database, read by a statement that is built once: every page begins with it."""

from typing import Any

from django.contrib.sessions.backends import db
from django.db.models import CharField, DateTimeField, QuerySet
from django.utils import timezone

from registercodes.prepared import Given, Prepared


class SessionStore(db.SessionStore):
    """Its name salts what is stored: another one would end every session."""

    def _get_session_from_db(self) -> Any:
        """The row, or None as Django's own says it: a key that is no session's is forgotten."""
        found = _sessions(key=self.session_key, now=timezone.now()) if self.session_key else []
        if not found:
            self._session_key = None
            return None
        return found[0]


@Prepared
def _sessions() -> QuerySet:
    sessions = SessionStore.get_model_class().objects
    return sessions.filter(session_key=Given("key", CharField()), expire_date__gt=Given("now", DateTimeField()))
