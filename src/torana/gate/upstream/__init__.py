"""Our own pooled HTTP/1.1 client: sends one request to a vendor and tells a sink what comes back."""

from torana.gate.upstream.client import Client
from torana.gate.upstream.endpoint import Endpoint
from torana.gate.upstream.exchange import Exchange
from torana.gate.upstream.failure import Failure, Sink

__all__ = ["Client", "Endpoint", "Exchange", "Failure", "Sink"]
