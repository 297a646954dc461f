"""The catalogue: what a team may subscribe to."""
