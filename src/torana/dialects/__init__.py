"""Wire formats, sans-io: bytes to and from the neutral form of core/exchange.py and core/stream.py.

One folder a dialect, the same names in each. A folder has those of these files that its dialect needs:

look.py     peek(body, …): what governing needs of a request, without rewriting it
            for_upstream(body, seen, model, ask_usage): the bytes to pass on to a target of the same dialect
watch.py    read_reply(body): served model and usage of a whole reply that passes
            StreamReader(hide_usage): the same of a stream (a PassingStream)
request.py  SPELLING: fields of the exchange -> the dialect's names
            places(request) -> list[str]: where each message of a request stood in its caller's body
            decode_request(body, model, stream) -> ModelRequest; model and stream where the path says them, else None
            encode_request(request, model, losses) -> bytes
reply.py    decode_reply(body) -> ModelReply; encode_reply(reply, request) -> bytes
stream.py   Decoder(): feed(data) -> list[Event]; end() -> list[Event] when the vendor's bytes have ended
            Encoder(request): encode(events) -> bytes
embed.py    decode_embed(body, model) -> EmbedRequest; encode_embed(request, model, losses) -> bytes
            decode_embed_reply(body) -> EmbedReply; encode_embed_reply(reply, request) -> bytes
count.py    encode_count(request, model, losses) -> bytes; decode_count_reply(body) -> int; encode_count_reply(tokens) -> bytes
errors.py   encode_error(refusal, call_id), encode_error_event(refusal, call_id) -> bytes
            decode_error(body) -> VendorError, or None where the body is no error of this dialect
            where headers say what the body does not: error_headers(refusal) -> bytes, and KEPT_HEADERS of a vendor's
models.py   encode_models(models), encode_model(model) -> bytes
paths.py    upstream_path(operation, model, stream) -> str, behind a provider's base URL

Requests come from callers: what is wrong in one raises Refusal and names the field. Replies come from vendors: what is wrong in one
raises NotAReplyError, and fields that nobody knows are passed over. Shared by all: `body.py` and `passing.py` for what passes
through, `fields.py` and `sse.py` for what is translated.
"""


class NotAReplyError(ValueError):
    """A vendor's body that is not what its dialect promises; the text says what is wrong."""
