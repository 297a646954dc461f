"""Provider accounts: credentials and addresses of vendors."""
