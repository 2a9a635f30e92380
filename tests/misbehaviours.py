"""What a hostile, broken or careless provider does: the literal table. None of it gets anybody in."""

import broken_answers  # noqa: F401  fills the table
import forged_tokens  # noqa: F401  fills the table
from misbehaving import TABLE

__all__ = ["TABLE"]
