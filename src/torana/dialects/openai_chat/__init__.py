"""OpenAI's chat completions and embeddings, both ways, and the models list.

Source: https://platform.openai.com/docs/api-reference

The names of the files are those of torana.dialects. Beside them: `parts.py`, `turns.py` and `tools.py` are the halves of
`request.py`; `logprobs.py` of `reply.py`; `decoder.py`, `encoder.py`, `chunks.py` and `answers.py` of `stream.py`. `deviations.py`
lists what compatible vendors do differently in what they send; how they want to be asked stands in the catalogue's quirks, which
`encode_request` takes by name.
"""
