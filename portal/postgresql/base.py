"""Django's PostgreSQL backend, with statements that the server keeps, and a health check that sends nothing."""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import errors
from psycopg.types import numeric

# By its size an int would go as one of three types, which are three statements; as binary, Django's own ints of a
# column's type wrap where they are too large, and the server that would refuse them sees another number.
INTEGERS = {
    int: numeric.Int8Dumper,
    numeric.Int2: numeric.Int2Dumper,
    numeric.Int4: numeric.Int4Dumper,
    numeric.Int8: numeric.Int8Dumper,
}


class DatabaseOperations(base.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str | None:
        """For ``connection.queries``: with its values, which psycopg does not keep for a planned statement."""
        if not isinstance(cursor, base.ServerBindingCursor):
            return super().last_executed_query(cursor, sql, params)
        try:
            return self.compose_sql(sql, params)
        except errors.DataError:  # it was refused for a value that has no spelling
            return None


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

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        for kind, dumper in INTEGERS.items():
            connection.adapters.register_dumper(kind, dumper)
        return connection

    def planned_cursor(self) -> Any:
        """As ``cursor``, for a statement that is asked again and again: its values are sent beside it.

        psycopg prepares those (``prepare_threshold`` in the settings). Django's usual cursor writes the values into
        the statement (``server_side_binding``, off), so that no two are the same.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(base.ServerBindingCursor(self.connection))
