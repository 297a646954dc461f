"""Webhooks: where systems of a team, or of the platform, are told of events."""
