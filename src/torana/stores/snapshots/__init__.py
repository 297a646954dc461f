"""Published snapshots on disk, in a form that opens in constant time."""
