"""Who calls: from the key in a request to its app."""
