"""Notices: what people and systems are told of, and the inbox that holds it."""
