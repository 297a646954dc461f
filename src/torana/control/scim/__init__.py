"""SCIM 2.0: users and groups, kept by an identity provider (RFC 7643, RFC 7644)."""
