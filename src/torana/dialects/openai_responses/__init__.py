"""OpenAI's Responses API (`POST /v1/responses`), as bytes.

Source: https://platform.openai.com/docs/api-reference/responses and
https://platform.openai.com/docs/api-reference/responses-streaming; the types of OpenAI's Python SDK 3.54.

What the vendor keeps between requests (`previous_response_id`, `conversation`, `background`, a stored `prompt`, `item_reference`
items and compacted conversations) passes through unchanged where the target speaks this dialect too. For any other target nobody
but the vendor could look it up: `request.refuse_stored` refuses it by name and says to send the whole conversation.

Thoughts of other vendors carry signatures that have to come back. They travel in a reasoning item's `encrypted_content`, behind a
prefix (`carried.py`), so that a caller who sends reasoning items back, as this API asks, continues any vendor's conversation.
"""

NAME = "openai_responses"
