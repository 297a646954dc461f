"""Cohere's API version 2, outbound: chat, embeddings, and rerank, whose form callers use too.

Source: https://docs.cohere.com/reference/chat, /reference/chat-stream, /reference/embed, /reference/rerank; the official SDK's
types are what the tests check against.
"""

NAME = "cohere"
