"""Who may see and do what: the tenant scope, and what names may look like."""
