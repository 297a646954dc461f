"""The HTTP/1.1 door for callers: reads whole requests, refuses what is ambiguous, writes replies. Knows nothing of models."""

from torana.gate.listen.connection import Connection
from torana.gate.listen.listener import Listener
from torana.gate.listen.request import CallerEvents, Handler, Request
from torana.gate.listen.tls import tls_context

__all__ = ["CallerEvents", "Connection", "Handler", "Listener", "Request", "tls_context"]
