"""Policies: limits and prices."""
