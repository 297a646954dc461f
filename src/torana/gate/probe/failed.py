"""What is wrong, from how a call failed before there was a reply, or from a reply that is no success."""

from torana.core.exchange import VendorError
from torana.gate.probe.finding import Finding
from torana.gate.upstream.failure import Failure

_QUOTA = ("quota", "billing", "credit", "balance", "insufficient", "payment", "spend", "top up", "exhausted your")
_ABSENT = (
    "not found",
    "not_found",
    "does not exist",
    "doesn't exist",
    "not exist",
    "no such model",
    "unknown model",
    "invalid model",
    "not a valid model",
    "model identifier is invalid",
    "not supported",
    "unsupported model",
    "not available",
    "no allowed providers",
    "no endpoints found",
    "deprecated",
)
_MET_THE_LIMIT = ("max_tokens or model output limit was reached",)


def of_failure(failure: Failure, host: str, port: int, proxy: bool, https: bool) -> Finding:
    """What kept the call from getting a reply. `proxy`: whether one stands between."""
    code = failure.code
    reason, seconds = str(failure.detail.get("reason", "")), str(failure.detail.get("seconds", ""))
    place = f"{host}:{port}"
    if code == "upstream_connect_failed":
        return _unreached(reason, host, place, proxy)
    if code == "upstream_tls_failed":
        return Finding(cause="tls", says=_tls(reason, place))
    if code == "upstream_address_refused":
        says = f"{host} has only addresses that this gateway must not call: metadata services, reserved ranges, egress_deny."
        return Finding(cause="egress", says=says)
    if code == "upstream_connect_timeout":
        whose = "The proxy did not let the connection through" if proxy else f"{place} did not accept a connection"
        hint = " A server that waits for plain HTTP looks like this too." if https else ""
        return Finding(cause="proxy" if proxy else "timeout", says=f"{whose} within {seconds} s.{hint}")
    if code in ("upstream_first_byte_timeout", "upstream_idle_timeout", "upstream_total_timeout"):
        return Finding(cause="timeout", says=f"{place} took the request, but did not answer it within {seconds} s.")
    if code == "upstream_cut":
        return Finding(cause="vendor", says=f"{place} closed the connection instead of answering.")
    if code == "upstream_malformed":
        hint = "" if https else " Is it https:// there?"
        return Finding(cause="address", says=f"{place} answers something that is not HTTP ({reason}).{hint}")
    return Finding(cause="address", says=f"{place} answers with a reply that cannot be used: {reason or code}.")


def _unreached(reason: str, host: str, place: str, proxy: bool) -> Finding:
    if proxy:
        if reason.startswith("its name cannot"):
            return Finding(cause="dns", says=f"The name {host} cannot be resolved ({_inner(reason)}).")
        return Finding(cause="proxy", says=f"The proxy on the way to {place} cannot be used: {reason}.")
    if reason.startswith("its name cannot"):
        return Finding(cause="dns", says=f"The name {host} cannot be resolved ({_inner(reason)}).")
    return Finding(cause="connect", says=f"No connection to {place}: {reason}.")


def _inner(reason: str) -> str:
    return reason.partition("(")[2].rstrip(")") or reason


def _tls(reason: str, place: str) -> str:
    low = reason.lower()
    if "mismatch" in low or "not valid for" in low:
        return f"The certificate of {place} is for another name: {reason}."
    if "expired" in low or "not yet valid" in low:
        return f"The certificate of {place} is out of date, or this machine's clock is: {reason}."
    if "issuer" in low or "self-signed" in low or "self signed" in low:
        return f"The certificate of {place} is signed by an authority that is not trusted: {reason}."
    if "wrong version number" in low or "record layer" in low or "http request" in low:
        return f"{place} does not speak TLS ({reason}). Is it http:// there?"
    return f"No TLS with {place}: {reason}."


def of_status(status: int, error: VendorError | None, text: str, model: str | None, headers: dict[str, str]) -> Finding:
    """What a reply means that is no success. `text`: its body, fit to be shown; `error`: the same, as its dialect says it."""
    words = (error.message if error is not None else "" if headers.get("content-type") == "text/html" else text) or None
    said = f"{'' if error is None else f'{error.code} {error.type} '}{words or ''}".lower()
    cause, says = _judge(status, error, said, model, headers)
    return Finding(cause=cause, says=says, words=words, status=status)


def _judge(
    status: int, error: VendorError | None, said: str, model: str | None, headers: dict[str, str]
) -> tuple[str | None, str]:
    if 300 <= status < 400:
        return "address", f"It answers with a redirect ({status}) to {headers.get('location') or 'nowhere'}."
    if status == 407:
        return "proxy", "The proxy wants other credentials (407)."
    if status == 402 or (status in (400, 403, 429) and any(word in said for word in _QUOTA)):
        return "quota", f"The account has no quota or credit left ({status})."
    if status == 429:
        after = headers.get("retry-after", "")
        wait = f" It says to try again in {after} s." if after.isdigit() and len(after) < 8 else ""
        return "rate", f"The vendor limits the rate of this key ({status}).{wait}"
    if error is not None and model is not None and status in (400, 403, 404, 422) and _about_model(error, said, model):
        return "model", f"The vendor does not serve the model {model} to this key ({status})."
    if status == 401 or (status == 400 and "api key not valid" in said):
        return "key", f"The vendor does not accept the key ({status})."
    if status == 403:
        return "key", "The vendor knows the key, but does not allow it this (403)."
    if status >= 500:
        return "vendor", f"The vendor itself is in trouble ({status})."
    if status in (404, 405) or error is None:
        return "address", f"There is no such endpoint at this address ({status})."
    if any(phrase in said for phrase in _MET_THE_LIMIT):
        return None, "The model answers; it wanted more room than the test gave it."
    return "request", f"The vendor refuses the test's request ({status})."


def _about_model(error: VendorError, said: str, model: str) -> bool:
    if error.code in ("model_not_found", "model_not_available", "invalid_model"):
        return True
    named = model.lower() in said or "model" in said
    return named and any(phrase in said for phrase in _ABSENT)
