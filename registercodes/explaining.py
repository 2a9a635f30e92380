"""Says what became of a request, whether anything was created and who should act; never the vendor's own text."""

from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from django.utils import timezone
from django.utils.translation import gettext as _

from registercodes.models import Action, AuditEvent, RegisterCode
from registercodes.recognising import UNPROVEN
from registercodes.resolving import LEFT_PENDING
from registercodes.rules import gettext_noop
from registercodes.settling import NOT_RECORDED
from registercodes.tat.errors import meaning_of


@dataclass(frozen=True)
class Explanation:
    """``who`` should act: person, administrator, operator, or wait."""

    text: str
    who: str


@dataclass(frozen=True)
class Told:
    """One audit event for the timeline of a code."""

    at: datetime
    label: str
    actor_name: str
    detail: str


_NOT_CONNECTED = gettext_noop("The portal could not reach the cloud. Nothing was sent and nothing was created.")
_DOUBT = gettext_noop(
    "The request left the portal, and no usable answer came back. The cloud may or may not have made a code."
)
_UNRECORDED = gettext_noop("The portal could not write this down: the request’s own record says less than this page.")
_NOT_FOUND = gettext_noop(
    "The cloud says that it has no such code, and showed no code of ours in this region lately that would prove the "
    "account. Check the account; once another code of this region is seen there, this one counts as disabled."
)

REASONS = MappingProxyType(
    {
        "busy": (gettext_noop("Too many codes are being made at this moment. Nothing was sent; try again."), "wait"),
        "stale": (
            gettext_noop("The portal was held up for so long that it did not send the request. Nothing was created."),
            "wait",
        ),
        "no_budget": (
            gettext_noop("The portal could not take its place in the queue for the cloud. Nothing was sent."),
            "operator",
        ),
        "no_credentials": (
            gettext_noop("The portal has no usable keys for the cloud. Nothing was sent."),
            "operator",
        ),
        "tls": (
            gettext_noop("The portal could not make a trusted connection to the cloud. Nothing was sent."),
            "operator",
        ),
        "no_value": (gettext_noop("The cloud made a code and did not hand over a usable value."), "wait"),
        "rights_gone": (
            gettext_noop("Your right to make codes for this team ended while the cloud was answering."),
            "administrator",
        ),
        NOT_RECORDED: (
            gettext_noop("What the cloud answered could not be written down, so a value is not shown."),
            "operator",
        ),
        LEFT_PENDING: (
            gettext_noop(
                "The portal was stopped before it could write down what the cloud answered. "
                "The cloud may or may not have made a code."
            ),
            "wait",
        ),
        "code_id_taken": (gettext_noop("The cloud answered with the id of another code."), "operator"),
    }
)


def outcome(code: RegisterCode) -> Explanation:
    said = _outcome(code)
    if code.unrecorded and code.reason != NOT_RECORDED:
        return replace(said, text=f"{said.text} {_(_UNRECORDED)}")
    return said


def _outcome(code: RegisterCode) -> Explanation:
    meaning = meaning_of(code.error_code) if code.error_code else None
    # An error beside data is in doubt whatever its code promises.
    if meaning and (code.state == RegisterCode.State.REFUSED or meaning.outcome == "unknown"):
        return Explanation(_(meaning.message), meaning.who)
    if code.state == RegisterCode.State.REFUSED:
        return Explanation(_("The cloud refused. Nothing was created."), "operator")
    fallback = _NOT_CONNECTED if code.state == RegisterCode.State.NOT_SENT else _DOUBT
    message, who = REASONS.get(code.reason, (fallback, "wait"))
    return Explanation(_(message), who)


def not_disabled(code: RegisterCode, events: list[AuditEvent]) -> Explanation | None:
    """Why a code that should be disabled is not, as the cloud was last heard; None where nothing is left to say."""
    expired = code.expires_at and code.expires_at <= timezone.now()
    if not code.disable_wanted_at or code.disabled_at or expired:
        return None
    why_not = next((event.detail["why_not"] for event in reversed(events) if is_failed_disable(event)), "")
    meaning = meaning_of(why_not)
    who = meaning.who if meaning else REASONS.get(why_not, ("", "wait"))[1]
    if why_not == UNPROVEN:
        return Explanation(_(_NOT_FOUND), "operator")
    if who == "wait":
        return Explanation(_("The cloud could not be asked, or gave no usable answer."), who)
    return Explanation(_("The cloud refused to disable it, so somebody has to mend that first."), "operator")


def is_failed_disable(event: AuditEvent) -> bool:
    return event.action == Action.CODE_DISABLE_REQUESTED and "why_not" in event.detail


def told(event: AuditEvent) -> Told:
    if is_failed_disable(event):
        label = _("Not disabled: the cloud did not agree")
        return Told(event.at, label, event.actor_name, event.detail["why_not"])
    return Told(event.at, event.get_action_display().capitalize(), event.actor_name, _beside(event))


def _beside(event: AuditEvent) -> str:
    if event.action == Action.CODE_DISABLED and event.detail.get("was_gone"):
        return _("The cloud no longer had it, which is as good: no further host can enrol.")
    if event.action == Action.CODE_REQUESTED and event.detail.get("replaces"):
        return _("In place of %(reference)s") % {"reference": event.detail["replaces"]}
    return event.error_code


def left_open(why_not: str) -> Explanation:
    """Why one code of several is not disabled yet."""
    if why_not == UNPROVEN:
        return Explanation(_(_NOT_FOUND), "operator")
    meaning = meaning_of(why_not)
    if meaning and meaning.who != "wait":
        return Explanation(_("The cloud refused to disable it, so somebody has to mend that first."), "operator")
    return Explanation(_("The cloud could not be asked, or gave no usable answer."), "wait")
