"""Calls of custom models: in place of translate and upstream, a description says what is sent and what comes back.

forward.py    the middle of the journey: render, send, map, whole or streamed
request.py    what goes on the wire, with its credential
failures.py   what a step or the service says went wrong, as a refusal
waiting.py    how a journey waits for the sandbox, and for the service meanwhile
"""
