"""Turns a call of one dialect into a request of another, and the reply back; for calls whose target speaks another dialect."""
