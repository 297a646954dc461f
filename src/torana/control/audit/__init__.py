"""The audit trail: what was changed, by whom, in entries that hold each other fast."""
