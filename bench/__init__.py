"""Measures what Torana costs beside nginx's plain reverse proxy; README.md says what and why. Not part of the installed package."""
