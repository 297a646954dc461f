"""Every refusal and failure a caller can meet: stable code, status, kind, and what to do about it.

`ERRORS` is the whole list; docs/failure-modes.md explains each entry and a test keeps the two equal.
"""

from typing import NamedTuple


class ErrorKind(NamedTuple):
    """What is fixed about an error code."""

    status: int
    type: str
    """OpenAI's error type."""
    sentence: str
    """What happened, then what to do; `{…}` are filled from the refusal's detail."""


_REQUEST = "invalid_request_error"
_AUTH = "authentication_error"
_LIMIT = "rate_limit_error"
_UPSTREAM = "upstream_error"
_SERVER = "server_error"

ERRORS: dict[str, ErrorKind] = {
    "malformed_request": ErrorKind(
        400, _REQUEST, "The HTTP request is malformed or ambiguous: {reason}. Send a plain HTTP/1.1 request."
    ),
    "incomplete_request": ErrorKind(
        400, _REQUEST, "The connection ended before the whole request had arrived. Send the complete body."
    ),
    "request_timeout": ErrorKind(
        408, _REQUEST, "The request did not arrive within {seconds} s. Send it faster or in smaller parts."
    ),
    "body_too_large": ErrorKind(
        413,
        _REQUEST,
        "The request body is larger than {limit} bytes. Send less, or ask the operator to raise max_body_bytes.",
    ),
    "target_too_long": ErrorKind(
        414, _REQUEST, "The request target is longer than {limit} bytes. Shorten the path or the query."
    ),
    "headers_too_large": ErrorKind(431, _REQUEST, "The request headers exceed {limit}. Send fewer or shorter headers."),
    "unsupported_encoding": ErrorKind(
        415, _REQUEST, "The content-encoding {encoding} is not accepted. Send the body uncompressed."
    ),
    "expectation_failed": ErrorKind(417, _REQUEST, "Only `Expect: 100-continue` is understood. Leave the header out."),
    "ambiguous_credentials": ErrorKind(
        400, _AUTH, "More than one API key was sent and they differ. Send one key in one header."
    ),
    "missing_api_key": ErrorKind(401, _AUTH, "No API key was sent. Send it as `Authorization: Bearer <key>`."),
    "invalid_api_key": ErrorKind(
        401, _AUTH, "This API key is not known or was revoked. Check it, or create one with `torana keys create`."
    ),
    "expired_api_key": ErrorKind(401, _AUTH, "This API key has expired. Create a new one with `torana keys create`."),
    "unknown_path": ErrorKind(
        404, _REQUEST, "There is nothing at {path}. See the paths in the documentation, such as /v1/chat/completions."
    ),
    "method_not_allowed": ErrorKind(405, _REQUEST, "{method} is not allowed at {path}. Use {allowed}."),
    "invalid_json": ErrorKind(
        400, _REQUEST, "The request body is not valid JSON: {reason}. Send one JSON object in UTF-8."
    ),
    "duplicate_field": ErrorKind(
        400, _REQUEST, "The request body names the field {param} more than once. Send each field once."
    ),
    "invalid_field": ErrorKind(400, _REQUEST, "The field {param} is not valid: {reason}."),
    "unsupported_parameter": ErrorKind(
        400, _REQUEST, "{param} cannot be carried to this model: {reason}. Leave it out, or choose another model."
    ),
    "missing_model": ErrorKind(400, _REQUEST, "The request body has no `model`. {models}"),
    "model_not_found": ErrorKind(
        404, _REQUEST, "The model {model} does not exist or this key may not call it. {models}"
    ),
    "not_subscribed": ErrorKind(403, _AUTH, "The app {app} may not call the service {service}: {why}. {how}"),
    "service_retired": ErrorKind(
        410, _REQUEST, "{model} is retired: version {version} of the service {service} answers no more. {successor}"
    ),
    "service_not_named": ErrorKind(
        400,
        _REQUEST,
        "Which service {endpoint} shall be sent to is not clear: {reason}. "
        "Name one in the header `x-torana-service` or in the query as `?service=NAME`.",
    ),
    "invalid_form": ErrorKind(400, _REQUEST, "The form cannot be read: {reason}."),
    "endpoint_not_supported": ErrorKind(400, _REQUEST, "The service {service} does not offer {endpoint}. {reason}"),
    "request_beyond_model": ErrorKind(
        400, _REQUEST, "{param} is more than {model} can do: {reason}. Change it, or choose another model."
    ),
    "key_scope": ErrorKind(
        403, _AUTH, "This key is restricted and may not call {what}. {may}Use another key, or have its scopes changed."
    ),
    "address_not_allowed": ErrorKind(
        403,
        _AUTH,
        "This key may not be used from the address {address}. Call from one of its networks, or have them changed.",
    ),
    "rate_limit_exceeded": ErrorKind(
        429, _LIMIT, "The limit of {amount} requests per {period} of {owner} is used up. Try again in {seconds} s."
    ),
    "concurrency_limit_exceeded": ErrorKind(
        429, _LIMIT, "{owner} already has {amount} calls running, which is its limit. Wait for one to end."
    ),
    "counters_unavailable": ErrorKind(
        503, _SERVER, "The limit of {owner} could not be checked. Try again in a moment."
    ),
    "record_space_exhausted": ErrorKind(
        503,
        _SERVER,
        "There is no room left to record calls, so none is accepted. Free disk space where the data folder lies.",
    ),
    "overloaded": ErrorKind(
        503, _SERVER, "This gate has no memory left for more request bodies. Try again in a moment."
    ),
    "not_ready": ErrorKind(
        503, _SERVER, "No configuration has been published yet. Try again in a moment, or look at /readyz."
    ),
    "control_unavailable": ErrorKind(
        503, _SERVER, "The control process is not answering; model calls are not affected. Try again in a moment."
    ),
    "database_away": ErrorKind(
        503,
        _SERVER,
        "The database does not answer; model calls are not affected. `torana doctor` says why. Try again in a moment.",
    ),
    "upstream_connect_failed": ErrorKind(
        502, _UPSTREAM, "{target} could not be reached: {reason}. Check its base URL and that it is running."
    ),
    "upstream_connect_timeout": ErrorKind(
        504,
        _UPSTREAM,
        "{target} did not accept a connection within {seconds} s. Try again, or raise the connect timeout.",
    ),
    "upstream_tls_failed": ErrorKind(
        502,
        _UPSTREAM,
        "The TLS certificate of {target} was not accepted: {reason}. Set the provider's `ca` if it is a private one.",
    ),
    "upstream_address_refused": ErrorKind(
        502,
        _UPSTREAM,
        "{target} resolves to an address that this gateway must not call. Ask the operator about egress settings.",
    ),
    "upstream_first_byte_timeout": ErrorKind(
        504,
        _UPSTREAM,
        "{target} did not begin to answer within {seconds} s. Try again, or raise the first-byte timeout.",
    ),
    "upstream_idle_timeout": ErrorKind(
        504, _UPSTREAM, "{target} stopped sending for {seconds} s in the middle of its reply. Try again."
    ),
    "upstream_total_timeout": ErrorKind(
        504, _UPSTREAM, "{target} did not finish within {seconds} s. Ask for less, or raise the total timeout."
    ),
    "upstream_cut": ErrorKind(
        502, _UPSTREAM, "{target} closed the connection before its reply was complete. Try again."
    ),
    "upstream_malformed": ErrorKind(
        502,
        _UPSTREAM,
        "{target} sent a reply that is not valid HTTP: {reason}. Check that its base URL points to an API.",
    ),
    "upstream_bad_reply": ErrorKind(
        502, _UPSTREAM, "{target} sent a reply that is not what its API promises: {reason}. Check its base URL."
    ),
    "upstream_reply_too_large": ErrorKind(
        502, _UPSTREAM, "The reply of {target} is larger than {limit} bytes. Ask for less."
    ),
    "upstream_redirect": ErrorKind(
        502, _UPSTREAM, "{target} answered with a redirect ({upstream}), which is never followed. Correct its base URL."
    ),
    "upstream_credential_unusable": ErrorKind(
        502, _UPSTREAM, "The credential of {target} cannot be used: {reason}. The operator has to mend it."
    ),
    "upstream_auth_failed": ErrorKind(
        502,
        _UPSTREAM,
        "{target} refused the gateway's own credentials ({upstream}). The operator has to check the provider's key.",
    ),
    "upstream_rate_limited": ErrorKind(429, _LIMIT, "{target} is limiting the gateway. Try again{after}."),
    "upstream_failed": ErrorKind(502, _UPSTREAM, "{target} failed with status {upstream}. Try again."),
    "upstream_refused": ErrorKind(400, _REQUEST, "{target} refused the request with status {upstream}: {reason}"),
    "custom_template_failed": ErrorKind(
        502,
        _UPSTREAM,
        "The description of {target} could not be used at {step}: {reason}. Its owner has to mend it, or it was sent "
        "something that it does not foresee.",
    ),
    "custom_sandbox_unavailable": ErrorKind(
        503, _SERVER, "No process was free to evaluate the description of this model: {reason}. Try again in a moment."
    ),
    "caller_left": ErrorKind(499, _REQUEST, "The connection was closed before the reply was complete."),
    "worker_stopped": ErrorKind(503, _SERVER, "This gate is stopping. Send the request again."),
    "not_found": ErrorKind(404, _REQUEST, "There is no {noun} {name}. Check its name or id."),
    "already_exists": ErrorKind(409, _REQUEST, "There is already a {noun} {name}. Choose another name."),
    "key_revoked": ErrorKind(409, _REQUEST, "The key {name} was revoked and stays so. Make another one."),
    "in_use": ErrorKind(409, _REQUEST, "The {noun} {name} is still used by {users}. Change that first."),
    "declared_elsewhere": ErrorKind(
        409, _REQUEST, "The {noun} {name} is declared in torana.yaml. Change it there and apply the file."
    ),
    "wrong_state": ErrorKind(
        409, _REQUEST, "The {noun} {name} is {state}; that is possible where it is {needed}. Look at it again."
    ),
    "invalid_draft": ErrorKind(422, _REQUEST, "The draft of {service} cannot be released: {problems}."),
    "nothing_to_release": ErrorKind(
        409, _REQUEST, "The draft of {service} is what its release {version} is already. Change it first."
    ),
    "nothing_to_roll_back": ErrorKind(
        409, _REQUEST, "{service} has no earlier release that is still live. Publish the one that you want."
    ),
    "plan_changed": ErrorKind(
        409, _REQUEST, "What exists has changed since this plan was made. Plan again and look at it."
    ),
    "invalid_declaration": ErrorKind(422, _REQUEST, "The file cannot be used: {problems}"),
    "missing_token": ErrorKind(401, _AUTH, "No admin token was sent. Send it as `Authorization: Bearer <token>`."),
    "invalid_token": ErrorKind(401, _AUTH, "This admin token is not known, has expired or was revoked."),
    "not_allowed": ErrorKind(
        403,
        _AUTH,
        "You may not do that: it needs the permission {permission}. Ask an admin of the team or the platform.",
    ),
    "own_request": ErrorKind(403, _AUTH, "You asked for this yourself, so somebody else has to decide."),
    "people_decide": ErrorKind(
        403, _AUTH, "Only people decide on approvals, not service accounts. Use a token of a person."
    ),
    "not_yours": ErrorKind(403, _AUTH, "Only whoever asked for this can take it back. Whoever decides can reject it."),
    "already_decided": ErrorKind(409, _REQUEST, "There is nothing left for you to decide: this is {state}."),
    "too_many": ErrorKind(409, _REQUEST, "There are already {most} {noun}. Delete one that is not needed any more."),
    "already_delivered": ErrorKind(409, _REQUEST, "The receiver has taken this. There is nothing to send again."),
    "sign_in_failed": ErrorKind(
        401, _AUTH, "The e-mail address or the password is not right. Try again, or ask an admin for an invitation."
    ),
    "sign_in_stale": ErrorKind(
        400, _AUTH, "This sign-in was not begun in this browser, or too long ago. Begin it again."
    ),
    "sign_in_refused": ErrorKind(403, _AUTH, "{provider} has not signed you in here: {reason}. Ask an admin."),
    "identity_provider_away": ErrorKind(
        502, _UPSTREAM, "The identity provider {provider} cannot be used: {reason}. Try again, or check its settings."
    ),
    "sign_in_throttled": ErrorKind(429, _AUTH, "There were too many attempts. Try again in {seconds} s."),
    "sign_in_required": ErrorKind(
        403,
        _AUTH,
        "Only a person may do that for themselves: signed in, or with a token that has neither scopes nor a team.",
    ),
    "beyond_own": ErrorKind(
        403,
        _AUTH,
        "Nobody can give, or take from others, what they do not have themselves: {permissions}. Ask somebody who has it.",
    ),
    "last_owner": ErrorKind(
        409, _REQUEST, "{name} is the only owner who can sign in. Make somebody else an owner first."
    ),
    "managed_elsewhere": ErrorKind(
        409, _REQUEST, "The roles of {name} come from groups of {source}. Change the groups there, or what they give."
    ),
    "invitation_unusable": ErrorKind(
        404, _AUTH, "This invitation is not known, was used or revoked, or has expired. Ask for a new one."
    ),
    "account_exists": ErrorKind(
        409,
        _AUTH,
        "There is an account with this address already. Sign in, and accept it there: POST /api/v1/me/invitations.",
    ),
    "registration_off": ErrorKind(
        403, _AUTH, "Nobody can register themselves here with such an address. Ask an admin for an invitation."
    ),
    "foreign_origin": ErrorKind(
        403, _AUTH, "A page of another site sent this request. Use the console of this installation, or a token."
    ),
    "conflicting_change": ErrorKind(
        409,
        _REQUEST,
        "Something that this refers to was removed, or something still refers to it. Look again, and try again.",
    ),
    "precondition_required": ErrorKind(
        428, _REQUEST, "A change needs the ETag of what it changes. Read it first, and send its `ETag` as `If-Match`."
    ),
    "precondition_failed": ErrorKind(
        412, _REQUEST, "It has changed since you read it. Read it again, and change what then is there."
    ),
    "idempotency_key_reused": ErrorKind(
        422, _REQUEST, "This Idempotency-Key belongs to another request. Use a new one for each thing that you do."
    ),
    "not_built": ErrorKind(
        404, _REQUEST, "There is nothing at {path} yet. Use the command line or the admin API at /api/v1."
    ),
    "not_publishable": ErrorKind(
        409, _REQUEST, "Nothing was changed, because the result could not be published: {reasons}."
    ),
    "internal_error": ErrorKind(
        500, _SERVER, "Something went wrong inside the gateway. Report the call id to the operator."
    ),
}


class Refusal(Exception):
    """A call that ends here, with everything needed to say so in any dialect.

    `detail` fills the placeholders of the code's sentence; `param` is the field at fault; `headers` are extra reply headers;
    `instead` is said where the code's own sentence would mislead.
    """

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        param: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        instead: str | None = None,
        **detail: object,
    ) -> None:
        kind = ERRORS[code]
        self.code = code
        self.status = kind.status if status is None else status
        self.type = kind.type
        self.param = param
        self.headers = headers
        if param is not None:
            detail.setdefault("param", param)
        self.sentence = kind.sentence.format(**detail) if instead is None else instead
        super().__init__(self.sentence)
