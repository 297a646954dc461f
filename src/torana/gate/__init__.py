"""The data plane: what a gate process runs."""
