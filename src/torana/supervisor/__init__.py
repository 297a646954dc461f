"""Starts, watches, replaces and stops the processes of one instance. Knows nothing of what they do."""
