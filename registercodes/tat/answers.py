"""Decides what an answer says: done, an error code, or nothing to rely on; never lets a value or vendor text out."""

import json
import re
from typing import Final

from registercodes.secret import OneTimeValue
from registercodes.tat.errors import Unknown
from registercodes.tat.records import Row
from registercodes.tat.transport import BODY_MAX, Received

CODE: Final = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*")
CODE_MAX: Final = 128
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
CODE_ID_MAX: Final = 128
VALUE: Final = re.compile(r"[\x21-\x7e]{1,256}")
SECRET_FIELD: Final = "RegisterCodeValue"  # noqa: S105


class Answer:
    """The ``Response`` object of an envelope. The value in it is sealed before anybody sees it."""

    def __init__(self, response: dict[str, object]) -> None:
        found = response.pop(SECRET_FIELD, None)
        self.had_value = found is not None
        self.value = OneTimeValue(found) if isinstance(found, str) and VALUE.fullmatch(found) else None
        self._response = response

    @property
    def request_id(self) -> str:
        """What the vendor's support asks for; empty when the request never reached the service."""
        found = self._response.get("RequestId")
        return found if isinstance(found, str) and REQUEST_ID.fullmatch(found) else ""

    @property
    def row(self) -> Row:
        return Row(self._response)

    @property
    def is_error(self) -> bool:
        return "Error" in self._response

    @property
    def has_result(self) -> bool:
        named = self._response.keys() - {"Error", "RequestId"}
        return self.had_value or any(self._response[name] is not None for name in named)

    def error_code(self) -> str:
        """The code; empty when it is none that could be on a list."""
        error = self._response["Error"]
        code = error.get("Code") if isinstance(error, dict) else None
        is_code = isinstance(code, str) and len(code) <= CODE_MAX and CODE.fullmatch(code)
        return str(code) if is_code else ""

    def code_id(self) -> str:
        """The new code's id, opaque text; empty when there is none that can be recorded."""
        found = self._response.get("RegisterCodeId")
        is_id = isinstance(found, str) and len(found) <= CODE_ID_MAX and found.isprintable() and found.strip()
        return str(found) if is_id else ""


def read_answer(received: Received) -> Answer:
    """The answer, error or not, or Unknown. Whatever the content type: ``Error`` alone decides (tat-api 3.3)."""
    if 300 <= received.status < 400:
        raise Unknown("redirect", alert=True)
    if received.content_encoding not in ("", "identity"):
        raise Unknown("encoding")  # a 194 KB body became 384 MB
    answer, reason = _parse(received)
    if received.status != 200:
        raise Unknown("http_status", request_id=answer.request_id if answer else "", detail=str(received.status))
    if answer is None:
        raise Unknown(reason)
    if answer.is_error and answer.has_result:
        raise Unknown("error_with_data", code=answer.error_code(), request_id=answer.request_id, alert=True)
    return answer


def _parse(received: Received) -> tuple[Answer | None, str]:
    """Raises nothing, so that no traceback holds the parsed body among its variables."""
    if len(received.body) > BODY_MAX:
        return None, "too_large"
    try:
        found = json.loads(received.body.decode())
    except (ValueError, RecursionError):
        return None, "not_json"
    response = found.get("Response") if isinstance(found, dict) else None
    return (Answer(response), "") if isinstance(response, dict) else (None, "shape")
