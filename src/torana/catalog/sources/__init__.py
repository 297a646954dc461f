"""Readers of public catalogues, one a module: their file in, entries of one form out. Only the refresh uses them."""
