"""Simulated vendors: one small server that speaks each vendor's API as its documentation and its official SDK's types say.

They judge requests as strictly as those types do, and answer deterministically (mind.py). tests/journeys/test_sdk_*.py call the
gate with the official SDKs in front of them; tests/support/simulated/test_simulated.py calls them with their own SDKs directly.
"""
