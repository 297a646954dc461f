"""`/v1/realtime`: a WebSocket between a caller and a vendor, governed like any call, its bytes passed as they are."""

from torana.gate.realtime.join import realtime

__all__ = ["realtime"]
