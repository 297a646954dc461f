"""Where control is found in a data folder; apart from control itself, so that who only connects to it imports nothing else."""

from pathlib import Path

SOCKET = Path("run") / "control.sock"
"""The owner's own."""
FORWARDED_SOCKET = Path("run") / "forwarded.sock"
"""For what gates pass on: a token is needed there, whatever the request says of itself."""
