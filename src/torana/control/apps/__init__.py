"""Apps: consumers, which hold keys and subscribe."""
