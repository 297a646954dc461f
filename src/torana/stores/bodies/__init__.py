"""Request and reply bodies that a policy keeps: compressed files outside the row store."""
