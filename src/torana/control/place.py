"""Where control is found in a data folder; apart from control itself, so that who only connects to it imports nothing else."""

from pathlib import Path

SOCKET = Path("run") / "control.sock"
