"""Other gateways' configurations as a torana.yaml, with a report of every field. Pure: nothing is asked, nothing is called.

Secrets are never written: each becomes a reference to an environment variable.
"""
