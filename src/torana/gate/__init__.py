"""The data plane: one process, one event loop, one snapshot. flow.py tells the journey of a call, call.py holds what it carries."""
