"""The control plane: admin API, truth in SQL, publishing."""
