"""Torana: one governed door to every AI model and API of an organisation."""

__version__ = "0.1.0"
