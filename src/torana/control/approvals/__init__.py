"""Approvals: what somebody asked for, decided in stages by others."""
