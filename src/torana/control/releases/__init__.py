"""Releases: numbered, immutable designs of a service, and how they go live and out of use."""
