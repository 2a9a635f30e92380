"""Django's PostgreSQL backend, with statements that the server plans once and a health check that sends nothing."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseOperations(base.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str | None:
        """For ``connection.queries``: with its values, which psycopg does not keep for a planned statement."""
        if isinstance(cursor, base.ServerBindingCursor):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def is_usable(self) -> bool:
        """Asked before a request's first statement, and at its end when one failed.

        After a failure never: a plan may be for columns that a migration has altered since. Else the server is asked
        only if the idle connection has something to read: its end, where the server closed it. One that vanished
        says nothing; the kernel gives it up (``keepalives_*`` in the settings), and that reads as an end too.
        """
        if self.errors_occurred or self.connection.closed:
            return False
        return not self._has_something_to_read() or super().is_usable()

    def _has_something_to_read(self) -> bool:
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def planned_cursor(self) -> Any:
        """A cursor that sends the values beside the statement, which the server then parses and plans once.

        Django's usual one writes the values into it (``server_side_binding``, off), so that no two are the same.
        """
        with self.wrap_database_errors:
            self.ensure_connection()
            return self._prepare_cursor(base.ServerBindingCursor(self.connection))
