"""What is sealed at rest, and the master key that seals it."""
