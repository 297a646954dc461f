"""OpenAI's REST form: chat completions, completions, embeddings and models, as bytes.

`request` looks into a body without rewriting it, `reply` and `stream` read usage from what passes, `errors` and `models`
write what the gate itself has to say. Source: https://platform.openai.com/docs/api-reference
"""
