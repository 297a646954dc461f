"""Byte scripts for the listener and the upstream client."""
