"""Both directions of an open realtime connection: each judged frame by frame, passed as it came, counted, and ended once.

The caller's masks stay on: towards the vendor the gate is a client, whose frames have to be masked, and a mask guards against
what a client can make a proxy on the way believe, which the caller's own does as well as a fresh one.
"""

from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects.websocket import (
    GOING_AWAY,
    INTERNAL,
    NO_CODE,
    POLICY,
    PROTOCOL_ERROR,
    FrameError,
    FrameReader,
    close_frame,
)
from torana.gate.call import Call, CallerLeft, Ending
from torana.gate.identify.key import identify
from torana.gate.realtime.events import Events
from torana.gate.route.targets import find_offer
from torana.kit.drive import pause

if TYPE_CHECKING:
    from torana.gate.listen.upgrade import Upgraded
    from torana.gate.target import Target
    from torana.gate.upstream.exchange import Exchange
    from torana.gate.upstream.tunnel import Tunnel

_SWITCHED = 101
_CLOSE_WAIT_NS = 10_000_000_000
"""How long a vendor may take to answer the caller's close frame."""
_GOING_AWAY = frozenset(("worker_stopped", "upstream_idle_timeout", "upstream_total_timeout"))
_VENDORS_FAULT = frozenset((1011, 1012, 1013, 1014))
_ORDERLY = frozenset((1000, 1001, NO_CODE))


class Relay:
    """One open connection."""

    __slots__ = (
        "_call",
        "_caller",
        "_ends_us",
        "_events",
        "_exchange",
        "_expires_us",
        "_target",
        "_tunnel",
        "_upgraded",
        "_vendor",
        "_view",
    )

    def __init__(
        self, call: Call, target: "Target", upgraded: "Upgraded", exchange: "Exchange", tunnel: "Tunnel"
    ) -> None:
        settings = call.gate.settings
        self._call = call
        self._target = target
        self._upgraded = upgraded
        self._exchange = exchange
        self._tunnel = tunnel
        self._events = Events()
        self._caller = FrameReader(masked=True, most=settings.max_body_bytes)
        self._vendor = FrameReader(masked=False, most=settings.upstream_max_reply_bytes, watch=self._events.read)
        self._view = call.view
        self._expires_us = 0 if call.principal is None else call.principal.key.expires_us
        self._ends_us = 0 if call.offer is None else call.offer.ends_us
        call.stream_events = 0
        upgraded.read(self._from_caller)
        tunnel.on_full = upgraded.hold

    async def run(self, data: bytes) -> Ending:
        """Pass what comes until either side ends it; the last bytes, with the close frame, are the ending's."""
        call, vendor = self._call, self._vendor
        feed, send = vendor.feed, self._upgraded.send
        try:
            while True:
                out = feed(data)
                if vendor.over:
                    return self._vendor_ended(out)
                if out:
                    send(out)
                    call.sent(len(out))
                data, _ = await pause()
                self._check_allowed()
        except Refusal as refusal:
            return self._end(refusal)
        except CallerLeft:
            if not self._caller.closed:
                raise
            return Ending(_SWITCHED, b"", b"", cut=True)
        finally:
            call.stream_events = vendor.messages
            call.usage, call.model_served = self._events.usage, self._events.model

    def _from_caller(self, data: bytes) -> None:
        """The bytes of one read of the caller."""
        caller, call = self._caller, self._call
        try:
            self._check_allowed()
        except Refusal as refusal:
            call.refuse(refusal)
            return
        out = caller.feed(data)
        if out:
            call.request_bytes += len(out)
            self._tunnel.write(out)
        if caller.error is not None:
            call.refuse(Refusal("malformed_request", reason=str(caller.error)))
        elif caller.closed and not self._upgraded.waits_for_reply:
            self._upgraded.waits_for_reply = True
            self._exchange.deadline_ns = min(self._exchange.deadline_ns, monotonic_ns() + _CLOSE_WAIT_NS)

    def _check_allowed(self) -> None:
        """A key, grant or service that is gone ends a connection that may otherwise last for hours. Raises Refusal."""
        call = self._call
        view = call.gate.view
        over = self._ends_us and time_ns() // 1000 >= self._ends_us
        if (over or view is not self._view) and view is not None:
            self._view = view
            offer, call.view = call.offer, view
            try:
                identify(call)
                find_offer(call)
                self._check_model()
                self._ends_us = 0 if call.offer is None else call.offer.ends_us
            finally:
                # What it holds, and what its record says, is of the offer that it began with.
                call.offer = offer
            self._expires_us = 0 if call.principal is None else call.principal.key.expires_us
        if self._expires_us and time_ns() // 1000 >= self._expires_us:
            raise Refusal("expired_api_key")

    def _check_model(self) -> None:
        principal, model = self._call.principal, self._target.deployment.model
        if principal is not None and principal.bounds is not None and not principal.bounds.serves(model):
            raise principal.bounds.withheld(model)

    def _vendor_ended(self, out: bytes) -> Ending:
        """The vendor's close frame, or what is none of its protocol."""
        call, vendor, caller = self._call, self._vendor, self._caller
        call.exchange = None
        if vendor.error is not None:
            call.error = "upstream_malformed"
            self._leave_vendor(vendor.error.code)
            return Ending(_SWITCHED, b"", out + self._farewell(INTERNAL), begun=True)
        if caller.closed or vendor.close_code in _ORDERLY:
            call.error = None
        else:
            call.error = "upstream_failed" if vendor.close_code in _VENDORS_FAULT else "upstream_refused"
        # A close frame is answered with its own code (section 5.5.1).
        self._leave_vendor(vendor.close_code)
        return Ending(_SWITCHED, b"", out, begun=True)

    def _end(self, refusal: Refusal) -> Ending:
        """Say to both sides why it ends."""
        call, caller = self._call, self._caller
        call.exchange = None
        self._leave_vendor(PROTOCOL_ERROR if caller.error is not None else GOING_AWAY)
        if caller.closed:
            # The caller had ended it; that the vendor did not answer is no failure of the call.
            body = close_frame(caller.close_code, "", mask=False)
        else:
            call.error = refusal.code
            body = self._farewell(_code(refusal, caller.error))
        if self._vendor.inside:
            return Ending(_SWITCHED, b"", b"", cut=True)
        return Ending(_SWITCHED, b"", body, begun=True)

    def _farewell(self, code: int) -> bytes:
        return close_frame(code, f"{self._call.error} {self._call.id}", mask=False)

    def _leave_vendor(self, code: int) -> None:
        """Close the vendor's connection, with a close frame where one may follow what has passed."""
        caller = self._caller
        silent = caller.closed or caller.inside
        self._tunnel.finish(b"" if silent else close_frame(code, "", mask=True))


def _code(refusal: Refusal, error: FrameError | None) -> int:
    if error is not None:
        return error.code
    if refusal.code in _GOING_AWAY:
        return GOING_AWAY
    return INTERNAL if refusal.code.startswith("upstream_") else POLICY
