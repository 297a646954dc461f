"""Vendors, models and prices as data."""
