"""Teams: the tenants."""
