"""Issuers: whose tokens stand for apps, beside keys."""
