"""Counts where the vendor did not: a call that was cut or whose vendor reports nothing still has an account."""

from typing import TYPE_CHECKING

from torana.core.usage import Usage

if TYPE_CHECKING:
    from torana.gate.call import Call

_BYTES_PER_TOKEN = 4
"""English prose measures 4.15 characters a token with o200k_base."""


def meter(call: "Call") -> None:
    """Fill in usage that is missing although the vendor worked for this call.

    A stream carries about one token an event; other bodies about one token for four bytes.
    """
    if call.error == "upstream_bad_reply":
        # Whatever answered was not the vendor's API, and did no work that is paid for.
        return
    usage = call.usage
    status = call.upstream_status
    if status is None or not 200 <= status < 300 or usage.input is not None or usage.output is not None:
        return
    if call.stream_events is not None:
        output: int | None = call.stream_events
    elif call.path is not None and call.path.operation == "embed":
        output = None
    else:
        # Without a target that answered, what the caller got was the gate's own error.
        output = 0 if call.answered_by is None else call.response_bytes // _BYTES_PER_TOKEN
    call.usage = Usage(len(call.request.body) // _BYTES_PER_TOKEN, None, output, None, estimated=True)
