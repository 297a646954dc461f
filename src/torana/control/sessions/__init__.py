"""Sessions: people who signed in with a browser."""
