"""What a call used."""
