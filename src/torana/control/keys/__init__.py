"""Keys: secrets of apps, kept as keyed hashes."""
