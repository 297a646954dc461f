"""The way of a record from a gate to the recorder: append-only segment files that survive a killed process."""
