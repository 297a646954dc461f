"""Tokens: how programs and people call the admin API."""
