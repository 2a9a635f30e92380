"""Decides which exceptions mean that the database is busy or away; any other is a fault of ours and stays visible."""

from django.db import InterfaceError, OperationalError

DATABASE_AWAY = (OperationalError, InterfaceError)
