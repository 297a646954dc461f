"""Members: who is in a team, with which roles."""
