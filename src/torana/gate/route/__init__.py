"""Where a call goes: which path of the public surface, which service, which targets in which order."""
