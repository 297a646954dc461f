"""Roles: built in, and made by platform and teams from the published permissions."""
