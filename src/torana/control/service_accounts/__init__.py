"""Service accounts: programs of a team that call the admin API with tokens, and never sign in."""
