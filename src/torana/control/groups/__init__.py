"""Groups that identity providers and SCIM clients know people by, and the roles that they give."""
