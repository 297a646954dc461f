"""torana.yaml: read with the place of every word, checked as a whole, turned into frozen structs. No database here."""
