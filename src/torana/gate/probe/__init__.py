"""One cheap call to a provider account, by the gate's own client and credentials, and what is wrong if it fails.

Nothing of it is on the path of a caller's call.
"""

from torana.gate.probe.ask import Probe, call_account, probe
from torana.gate.probe.finding import CAUSES, Finding

__all__ = ["CAUSES", "Finding", "Probe", "call_account", "probe"]
