"""Statements that Django builds once per process, and PostgreSQL parses and plans for a connection, not for a run.

For what every page asks and every press writes: building the SQL of a small
queryset costs several times what running it does, and so does planning it.
The queryset stays the only spelling of the question; what changes from one
time to the next stands in it as ``Given``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import AutoField, Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable
from django.db.models.sql import UpdateQuery


def planned_cursor(connection: Any) -> Any:
    """For a statement that always reads the same: PostgreSQL parses it once per connection, plans it a few times."""
    return connection.planned_cursor() if connection.vendor == "postgresql" else connection.cursor()


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


class _Written(Given):
    """The same for a column that is set: None is NULL there."""

    def of(self, given: dict[str, Any], connection: Any) -> Any:
        return self.output_field.get_db_prep_save(given[self.name], connection)


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
        with planned_cursor(connection) as cursor:
            cursor.execute(made.sql, _filled(made.parameters, given, connection))
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


class PreparedUpdate:
    """``build`` makes the queryset and names the columns that are set, each to what is given under its name."""

    def __init__(self, build: Callable[[], tuple[QuerySet[Any, Any], Iterable[str]]]) -> None:
        self._build = build
        self._made: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def __call__(self, **given: Any) -> int:
        """The number of rows that were there to change."""
        connection = connections[DEFAULT_DB_ALIAS]
        sql, parameters = self._made.get(connection.vendor) or self._made.setdefault(connection.vendor, self._make())
        unknown = given.keys() - {one.name for one in parameters if isinstance(one, Given)}
        if unknown:
            raise TypeError(f"would not be written: {', '.join(sorted(unknown))}")
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), planned_cursor(connection) as cursor:
            cursor.execute(sql, _filled(parameters, given, connection))
            return cursor.rowcount

    def _make(self) -> tuple[str, tuple[Any, ...]]:
        queryset, names = self._build()
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values({name: _Written(name, queryset.model._meta.get_field(name)) for name in names})
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        if not sql or query.related_updates or len(query.alias_map) > 1:
            raise NotImplementedError("a prepared update is for columns and conditions of one table")
        return sql, parameters


def insert(row: Model) -> None:
    """What ``row.save(force_insert=True)`` does, for a row whose key the database gives; sends no signals."""
    connection = connections[DEFAULT_DB_ALIAS]
    sql, fields = _insert_of(type(row), connection.vendor)
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), planned_cursor(connection) as cursor:
        cursor.execute(sql, values)
        [row.pk] = cursor.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@cache
def _insert_of(model: type[Model], vendor: str) -> tuple[str, tuple[Field, ...]]:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    fields = tuple(field for field in model._meta.concrete_fields if field is not model._meta.pk)
    if not isinstance(model._meta.pk, AutoField):
        raise NotImplementedError("a row that is inserted so gets its key from the database")
    columns = ", ".join(quote(field.column) for field in fields)
    table, pk = quote(model._meta.db_table), quote(model._meta.pk.column)
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {pk}", fields  # noqa: S608 (the models' names)


def _filled(parameters: Iterable[Any], given: dict[str, Any], connection: Any) -> list[Any]:
    return [one.of(given, connection) if isinstance(one, Given) else one for one in parameters]


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
