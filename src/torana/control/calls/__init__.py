"""Calls as the admin API shows them; what was recorded is read by functions that wiring hands in."""
