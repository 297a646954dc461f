"""What exists, written as the torana.yaml that would make it."""
