"""The data plane: one call from its first byte to its record."""
