"""Who sees a service and may subscribe to it."""
