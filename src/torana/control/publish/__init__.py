"""Publishing: from SQL to the snapshot that gates serve from."""
