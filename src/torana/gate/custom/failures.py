"""What went wrong with a custom model's call, as a refusal in the words of the step or of the service."""

import base64
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.core.secret import MASK
from torana.custom.errors import CustomError
from torana.gate.attempt import drop, limited, retry_after

if TYPE_CHECKING:
    from torana.custom.replies import Problem
    from torana.gate.call import Call
    from torana.gate.target import Target

_MOST_REASON = 2_000
_AGAIN = (("retry-after", "1"),)
_NOT_AGAIN = (("x-should-retry", "false"),)
"""Understood by the SDKs of OpenAI and Anthropic, which otherwise send again whatever was answered with 5xx."""


def refusal_of(error: CustomError, target: "Target") -> Refusal:
    """A step that could not be done."""
    reason = without_secrets(error.reason, target)[:_MOST_REASON]
    if error.code == "custom_sandbox_unavailable":
        return Refusal(error.code, reason=reason, headers=_AGAIN)
    if error.code == "upstream_bad_reply":
        return Refusal(error.code, target=target.name, reason=f"{error.step}: {reason}")
    return Refusal(error.code, target=target.name, step=error.step, reason=reason, headers=_NOT_AGAIN)


def refused_at_once(call: "Call", target: "Target", status: int) -> Refusal | None:
    """Answers that mean the same whatever a service says in them."""
    if 300 <= status < 400:
        drop(call)
        return Refusal("upstream_redirect", target=target.name, upstream=status)
    if status in (401, 403):
        drop(call)
        return Refusal("upstream_auth_failed", target=target.name, upstream=status)
    return None


def refusal_for(call: "Call", target: "Target", problem: "Problem", status: int) -> Refusal:
    """A failure that the service has told. What can be tried again is its trouble, the rest the caller's own mistake."""
    said = _said(problem, target)
    if not problem.retryable:
        return Refusal(
            "upstream_refused",
            status=status if 400 <= status < 500 else None,
            target=target.name,
            upstream=status,
            reason=said,
        )
    if status == 429:
        return limited(call, target)
    upstream = f"{status}: {said.rstrip('.')}"
    return Refusal("upstream_failed", target=target.name, upstream=upstream, headers=retry_after(call))


def without_secrets(text: str, target: "Target") -> str:
    """What a service said, without the account's key in any form in which it was sent."""
    if target.key is None:
        return text
    secret = target.key.reveal()
    for form in (secret, base64.b64encode(secret.encode()).decode()):
        text = text.replace(form, MASK) if form else text
    return text


def _said(problem: "Problem", target: "Target") -> str:
    error = problem.error
    text = error.message if error.code is None else f"{error.message} ({error.code})"
    if problem.note is not None:
        text += f" [its error mapping failed: {problem.note}]"
    return without_secrets(text, target)[:_MOST_REASON]
