"""Invitations: how people come in who have no account yet, or into a team."""
