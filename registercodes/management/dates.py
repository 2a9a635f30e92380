"""Reads days and moments that an operator types; without a zone they are UTC, as everything on record."""

import argparse
from datetime import UTC, datetime, timedelta

DAY = len("2026-11-24")


def day_or_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("say a day or a moment, such as 2026-11-24 or 2026-11-24T09:30Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def end_of(text: str) -> datetime:
    """The end of a day that is named alone: "to Friday" means Friday too."""
    moment = day_or_moment(text)
    return moment + timedelta(days=1) if len(text) <= DAY else moment
