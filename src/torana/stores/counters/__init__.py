"""Counters that every gate of a node shares: how much of each limit is used."""
