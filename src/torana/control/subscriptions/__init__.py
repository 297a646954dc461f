"""Subscriptions: which app may call which service."""
