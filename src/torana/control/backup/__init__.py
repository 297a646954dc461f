"""Backups: everything that governs, in one file that is restored whole or not at all."""
