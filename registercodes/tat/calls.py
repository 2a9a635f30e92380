"""Decides how often one call may be sent: once, and again only after the cloud definitely refused it."""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from registercodes.tat.answers import Answer, read_answer
from registercodes.tat.credentials import Credentials, CredentialSource, CredentialsUnavailable
from registercodes.tat.deadline import Exchange
from registercodes.tat.errors import Meaning, NotSent, Refused, TatError, Unknown, meaning_of
from registercodes.tat.signer import TC3Auth, host_header
from registercodes.tat.transport import PerProcess, Transport

log = logging.getLogger("registercodes.tat")

VERSION: Final = "2020-10-28"
SENDS_MAX: Final = 4  # of one call: the first, and three after RequestLimitExceeded
RESEND_WITHIN: Final = 5.0  # seconds between leave to re-send and sending, as issuing allows the first time
RESEND_PAUSE: Final = 0.1  # seconds, doubled each time; beyond that the shared budget spreads the callers
SLOT_SHARE: Final = 0.8  # of the time left: the rest is for the call itself
LABEL_FORBIDDEN: Final = re.compile(r"[^0-9a-zA-Z_,;.-]")  # X-TC-RequestClient's alphabet (tat-api 3.1)
LABEL_MAX: Final = 128
REGION: Final = re.compile(r"[a-z0-9-]{1,64}")

Result = TypeVar("Result")


class Call:
    """One call of one action: what is asked, until when, and what it took so far."""

    def __init__(
        self,
        action: str,
        *,
        region: str,
        parameters: Mapping[str, object],
        trace_id: str,
        seconds: float,
        fresh: Callable[[], bool],
    ) -> None:
        if region and not REGION.fullmatch(region):
            raise ValueError("a region is lower-case letters, digits and hyphens")
        self.action = action
        self.region = region
        self.body = json.dumps(parameters, separators=(",", ":")).encode("ascii")
        self.trace_id = label(trace_id)
        self.fresh = fresh
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.sends = 0
        self.signed_with: Credentials | None = None
        self.reloaded = False

    def remaining(self) -> float:
        return self.deadline - time.monotonic()

    def facts(self, **more: object) -> dict[str, object]:
        return {
            "action": self.action,
            "region": self.region,
            "trace_id": self.trace_id,
            "attempts": self.sends,
            "seconds": round(time.monotonic() - self.started, 4),
            **{name: value for name, value in more.items() if value != ""},
        }


class Caller:
    """Signs and sends calls to one endpoint."""

    def __init__(
        self,
        *,
        endpoint: str,
        credentials: CredentialSource,
        connect_timeout: float,
        deadline: float,
        client_name: str,
        clock: Callable[[], float],
        wait_for_slot: Callable[[str, float], bool],
        ca_file: str | None,
    ) -> None:
        self._url = base_url(endpoint)
        self._credentials = credentials
        self._connect_timeout = connect_timeout
        self._deadline = deadline
        self._clock = clock
        self._wait_for_slot = wait_for_slot
        secure = self._url.startswith("https:")
        self._transports = PerProcess(lambda: Transport(ca_file=ca_file, secure=secure))
        self._headers = {
            "Host": host_header(self._url),
            "User-Agent": label(client_name),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "X-TC-Version": VERSION,
            "X-TC-Language": "en-US",
            "X-TC-RequestClient": label(client_name),
        }

    def call(
        self,
        action: str,
        *,
        region: str,
        parameters: Mapping[str, object],
        trace_id: str,
        read: Callable[[Answer], Result],
        fresh: Callable[[], bool] = lambda: True,
    ) -> Result:
        """What ``read`` makes of the answer, or NotSent, Refused, Unknown; one log line either way."""
        call = Call(
            action, region=region, parameters=parameters, trace_id=trace_id, seconds=self._deadline, fresh=fresh
        )
        try:
            answer = self._answer(call)
            result = read(answer)
        except TatError as failure:
            _log_failure(call, failure)
            raise
        log.info("tat.call", extra=call.facts(outcome="done", tencent_request_id=answer.request_id))
        return result

    def says_sandbox(self, *, timeout: float) -> bool:
        """Whether the endpoint's root carries our sandbox's header; unsigned, never an exception."""
        request = _prepared("GET", self._url, {"Host": self._headers["Host"], "Accept-Encoding": "identity"}, None)
        try:
            deadline = time.monotonic() + timeout
            exchange = Exchange(deadline=deadline, connect_timeout=timeout, clock=self._clock)
            return self._transports.current().send(request, exchange).is_sandbox
        except TatError:
            return False

    def _answer(self, call: Call) -> Answer:
        while True:
            answer = self._sent(call)
            if not answer.is_error:
                return answer
            code = answer.error_code()
            meaning = meaning_of(code)
            if meaning is None:
                raise Unknown("unlisted_code", code=code, request_id=answer.request_id, alert=True)
            if meaning.outcome == "unknown":
                raise Unknown("cloud_fault", code=code, request_id=answer.request_id, alert=meaning.alert)
            if not self._may_send_again(call, meaning):
                raise Refused(code, answer.request_id)

    def _sent(self, call: Call) -> Answer:
        try:
            call.signed_with = self._credentials.current()
        except CredentialsUnavailable as problem:
            log.error("tat.no_credentials", extra={"reason": str(problem)})  # it names the variable only
            raise NotSent("no_credentials") from None
        headers = self._headers | {"X-TC-Action": call.action, "X-TC-TraceId": call.trace_id}
        if call.region:
            headers["X-TC-Region"] = call.region
        request = _prepared("POST", self._url, headers, call.body)
        request = TC3Auth(credentials=call.signed_with, clock=self._clock)(request)
        call.sends += 1
        exchange = Exchange(
            deadline=call.deadline, connect_timeout=self._connect_timeout, clock=self._clock, fresh=call.fresh
        )
        return read_answer(self._transports.current().send(request, exchange))

    def _may_send_again(self, call: Call, meaning: Meaning) -> bool:
        """Only after a refusal that a second try can turn, and only while time is left."""
        if meaning.outcome == "retry_credentials":
            granted = not call.reloaded and self._has_other_keys(call)
            call.reloaded = True
        else:
            granted = meaning.outcome == "retry_limit" and self._has_slot(call)
        granted_at = self._clock()
        call.fresh = lambda: 0 <= self._clock() - granted_at <= RESEND_WITHIN
        return granted and call.remaining() > 0

    def _has_other_keys(self, call: Call) -> bool:
        try:
            # Another thread may have reloaded since this call was signed.
            return self._credentials.reload() or self._credentials.current() != call.signed_with
        except CredentialsUnavailable as problem:
            log.error("tat.no_credentials", extra={"reason": str(problem)})
            return False

    def _has_slot(self, call: Call) -> bool:
        pause = RESEND_PAUSE * 2 ** (call.sends - 1)
        if call.sends >= SENDS_MAX or call.remaining() <= pause:
            return False
        time.sleep(pause)
        return self._wait_for_slot(call.action, call.remaining() * SLOT_SHARE)


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> PreparedRequest:
    """Filled by hand: PreparedRequest.prepare parses the one URL and copies cookies anew for each call."""
    request = PreparedRequest()
    request.method = method
    request.url = url
    request.headers = CaseInsensitiveDict(headers)
    request.body = body
    if body is not None:
        request.headers["Content-Length"] = str(len(body))
    request.hooks = default_hooks()
    return request


def _log_failure(call: Call, failure: TatError) -> None:
    if isinstance(failure, NotSent):
        log.warning("tat.call", extra=call.facts(outcome="not_sent", reason=failure.reason))
        return
    known = failure.meaning if isinstance(failure, Refused | Unknown) else None
    alert = getattr(failure, "alert", False) or (known is not None and known.alert)
    log.log(
        logging.ERROR if alert else logging.WARNING,
        "tat.call",
        extra=call.facts(
            outcome="refused" if isinstance(failure, Refused) else "unknown",
            code=getattr(failure, "code", ""),
            reason=getattr(failure, "reason", ""),
            error=getattr(failure, "detail", ""),
            alert=_alert_word(failure) if alert else "",
            tencent_request_id=getattr(failure, "request_id", ""),
        ),
    )


def _alert_word(failure: TatError) -> str:
    return "clock" if getattr(failure, "code", "") == "AuthFailure.SignatureExpire" else "yes"


def label(text: str) -> str:
    """What the vendor's label headers may carry; anything else becomes a hyphen."""
    return LABEL_FORBIDDEN.sub("-", text)[:LABEL_MAX]


def base_url(endpoint: str) -> str:
    """``scheme://host[:port]/``; the signature covers the path ``/`` and no other."""
    parts = urlsplit(endpoint)
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password or parts.path.strip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain or not endpoint.isascii():
        raise ValueError("the endpoint is http or https, a host, perhaps a port, and nothing else")
    return f"{parts.scheme}://{host_header(endpoint)}/"
