"""Anthropic's Messages API, inbound and outbound, with token counting and the models list.

Source: https://platform.claude.com/docs/en/api/messages and the types of Anthropic's Python SDK. What is particular to it:

- Signatures and redacted thinking carry the name of this dialect inside the gate, and other vendors' a wrapping of ours outside
  (signatures.py), so that no vendor is sent a proof that another one made.
- `max_tokens` is required: where a request has none, DEFAULT_MAX_TOKENS of request.py is sent.
- A conversation begins with the user: where one of another dialect does not, OPENING of turns_out.py is put first.
"""
