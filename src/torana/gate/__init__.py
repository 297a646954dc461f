"""The path of a call: from the first byte of a request to its record. No SQL, no framework."""
