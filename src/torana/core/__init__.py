"""Shared words: frozen and pure. Nothing here does input or output."""
