"""The commands, and the entry of the child processes."""
