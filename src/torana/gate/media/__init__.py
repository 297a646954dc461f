"""Calls that are not about text: who is asked, what their bodies say, and how bodies of any kind pass in both directions.

Governed like every other call by gate/flow.py; only what a request and a reply look like is different here.
"""
