"""Services: what is offered, and the deployments behind it."""
