"""Reads whose SQL Django builds once per process: for what every page and every press asks.

Building the SQL of a small queryset costs several times what running it does.
The queryset stays the only spelling of the question; what changes from one
time to the next stands in it as ``Given``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Expression, Field, QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable


class Given(Expression):
    """The place of a value that is given at each run, in the form that ``field`` takes in the database.

    Never None: ``= NULL`` finds nothing where the queryset would say ``IS NULL``.
    """

    def __init__(self, name: str, field: Field) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]

    def of(self, given: dict[str, Any], connection: Any) -> Any:
        value = given[self.name]
        if value is None:
            raise ValueError(f"{self.name} is None")
        return self.output_field.get_db_prep_value(value, connection)


@dataclass(frozen=True)
class _Made:
    """Nothing in it belongs to a connection: those end with their threads."""

    sql: str
    parameters: tuple[Any, ...]
    converted: tuple[tuple[int, Any], ...]  # places in a row whose values a backend or field converts
    locks: bool
    instances: "_Instances | None"  # None: tuples


@dataclass(frozen=True)
class _Instances:
    model: Any
    columns: slice
    names: tuple[str, ...]
    annotations: tuple[tuple[str, int], ...]

    def of(self, rows: Iterable[Any]) -> Iterator[Any]:
        """As Django's own ModelIterable makes them."""
        for row in rows:
            instance = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.columns])
            for name, place in self.annotations:
                setattr(instance, name, row[place])
            yield instance


class Prepared:
    """``build`` makes the queryset, on the first run of a process: instances of one model, or ``values_list``."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._made: dict[str, _Made] = {}

    def __call__(self, **given: Any) -> list[Any]:
        """The rows: instances, or tuples."""
        connection = connections[DEFAULT_DB_ALIAS]
        # Of two threads that come first, both make the same.
        made = self._made.get(connection.vendor) or self._made.setdefault(connection.vendor, self._make())
        if made.locks and not connection.in_atomic_block:  # Django asks when it builds the SQL
            raise transaction.TransactionManagementError("a lock lasts as long as its transaction")
        values = [one.of(given, connection) if isinstance(one, Given) else one for one in made.parameters]
        with connection.cursor() as cursor:
            cursor.execute(made.sql, values)
            rows = cursor.fetchall()
        rows = _converted(rows, made.converted, connection) if made.converted else rows
        return list(made.instances.of(rows) if made.instances else map(tuple, rows))

    def _make(self) -> _Made:
        queryset = self._build()
        kind = queryset._iterable_class
        if kind not in {ModelIterable, ValuesListIterable} or queryset.query.select_related:
            raise NotImplementedError("a prepared queryset gives instances of one model, or tuples")
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        expressions = [chosen[0] for chosen in compiler.select]
        converted = tuple((place, expressions[place]) for place in compiler.get_converters(expressions))
        instances = _instances_of(compiler) if kind is ModelIterable else None
        return _Made(sql, tuple(parameters), converted, queryset.query.select_for_update, instances)


def _instances_of(compiler: Any) -> _Instances:
    places = compiler.klass_info["select_fields"]
    columns = slice(places[0], places[-1] + 1)
    names = tuple(chosen[0].target.attname for chosen in compiler.select[columns])
    return _Instances(compiler.klass_info["model"], columns, names, tuple(compiler.annotation_col_map.items()))


def _converted(rows: list[Any], places: Iterable[tuple[int, Any]], connection: Any) -> list[list[Any]]:
    """By the converters of this connection, in the order in which Django's compiler applies them."""
    found = [list(row) for row in rows]
    for place, expression in places:
        for convert in (
            *connection.ops.get_db_converters(expression),
            *expression.get_db_converters(connection),
        ):
            for row in found:
                row[place] = convert(row[place], expression, connection)
    return found
