"""Ollama's native API, outbound: chat and embeddings.

Source: https://docs.ollama.com/api/chat, https://docs.ollama.com/api/embed, https://docs.ollama.com/openapi.yaml and
https://github.com/ollama/ollama/blob/main/api/types.go
"""

NAME = "ollama"
