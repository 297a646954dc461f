"""Google's own client against this dialect: what it sends is read, what is written it takes."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from google import genai
from google.genai import errors, types

from tests.dialects.gemini.strategies import told
from torana.core.errors import Refusal
from torana.core.exchange import (
    Choice,
    EmbedReply,
    Image,
    ModelReply,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from torana.core.stream import Finished
from torana.core.usage import Usage
from torana.dialects.gemini.count import decode_count, encode_count_reply
from torana.dialects.gemini.embed import decode_embed, encode_embed_reply
from torana.dialects.gemini.errors import encode_error, encode_error_event
from torana.dialects.gemini.models import Model, encode_model, encode_models
from torana.dialects.gemini.reply import encode_reply
from torana.dialects.gemini.request import decode_request
from torana.dialects.gemini.stream import Encoder

CALL = ModelReply(
    id="r1",
    model="other",
    choices=(
        Choice(
            parts=(
                Reasoning(text="I look it up", encrypted="gAAA-_"),
                Text(text="One moment."),
                ToolCall(id="call_1", name="weather", arguments='{"city":"Pune"}', signature="AAAA"),
            ),
            stop="tool_calls",
        ),
    ),
    usage=Usage(3, None, 4, None),
)
DONE = ModelReply(id="r2", model="other", choices=(Choice(parts=(Text(text="It rains."),), stop="stop"),))


class _Vendor(BaseHTTPRequestHandler):
    """Answers what it is asked, in Gemini's form, and remembers what it read."""

    asked: ClassVar[list[Any]] = []

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        model = Model(name="models/chat", display_name="Chat", input_token_limit=5)
        self._send(
            200, encode_models([model]) if "?" in self.path or self.path.endswith("models") else encode_model(model)
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        method = self.path.partition("?")[0].rpartition(":")[2]
        if method == "countTokens":
            self.asked.append(decode_count(body, "chat"))
            self._send(200, encode_count_reply(12))
        elif method in ("batchEmbedContents", "embedContent"):
            embed = decode_embed(body, "chat")
            self.asked.append(embed)
            vectors = tuple((float(number), 0.5) for number in range(len(embed.inputs)))
            self._send(200, encode_embed_reply(EmbedReply(vectors=vectors), embed))
        else:
            self._answer(decode_request(body, "chat", method == "streamGenerateContent"))

    def _answer(self, request: ModelRequest) -> None:
        self.asked.append(request)
        if request.seed == 400:
            self._send(400, encode_error(Refusal("missing_model", models="None."), "id"))
            return
        answered = any(isinstance(part, ToolResult) for message in request.messages for part in message.parts)
        reply = DONE if answered else CALL
        if not request.stream:
            self._send(200, encode_reply(reply, request))
            return
        encoder = Encoder(request)
        data = encoder.encode(told(reply))
        if request.seed == 500:
            data += encode_error_event(Refusal("worker_stopped"), "id")
        self._send(200, data + encoder.encode([Finished()]), "text/event-stream")

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def client() -> Iterator[genai.Client]:
    """Google's client, pointed at a server that speaks through this dialect."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    _Vendor.asked.clear()
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
    found = genai.Client(api_key="k", vertexai=False, http_options=options)
    yield found
    found.close()
    server.shutdown()
    thread.join()
    server.server_close()


def _weather() -> types.Tool:
    schema = types.Schema(
        type=types.Type.OBJECT,
        properties={"city": types.Schema(type=types.Type.STRING, nullable=True)},
        required=["city"],
    )
    return types.Tool(function_declarations=[types.FunctionDeclaration(name="weather", parameters=schema)])


@pytest.mark.parametrize("stream", [True, False])
def test_a_chat_with_a_tool_goes_through_googles_client(client: genai.Client, stream: bool) -> None:
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        tools=[_weather()],
        temperature=0.5,
        max_output_tokens=100,
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=64),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    chat = client.chats.create(model="chat", config=config)
    picture = types.Part.from_bytes(data=b"\xfb\xff\xfe", mime_type="image/png")
    answer = types.Part.from_function_response(name="weather", response={"output": "rain"})
    if stream:
        first = list(chat.send_message_stream(["What now?", picture]))
        calls = [call for one in first for call in one.function_calls or []]
        last = "".join(one.text or "" for one in chat.send_message_stream(answer))
    else:
        whole = chat.send_message(["What now?", picture])
        calls = whole.function_calls or []
        last = chat.send_message(answer).text or ""
    assert [(call.id, call.name, call.args) for call in calls] == [("call_1", "weather", {"city": "Pune"})]
    assert last == "It rains."
    begun, gone_on = _Vendor.asked
    assert begun.messages[1].parts == (
        Text(text="What now?"),
        Image(source=Source(media_type="image/png", data="+//+")),
    )
    assert begun.thinking == Thinking(enabled=True, budget_tokens=64, visible=True)
    assert begun.tools == (
        Tool(
            name="weather",
            parameters={"type": "object", "properties": {"city": {"type": ["string", "null"]}}, "required": ["city"]},
        ),
    )
    # What the client keeps of a streamed answer, chunk by chunk, is the answer again.
    assert gone_on.messages[2].parts == CALL.choices[0].parts
    assert gone_on.messages[3].parts == (ToolResult(call_id="call_1", name="weather", content=(Text(text="rain"),)),)


def test_errors_reach_googles_client_whole_and_in_the_middle_of_a_stream(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(model="chat", contents="x", config=types.GenerateContentConfig(seed=400))
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")
    with pytest.raises(errors.ServerError) as broken:
        list(
            client.models.generate_content_stream(
                model="chat", contents="x", config=types.GenerateContentConfig(seed=500)
            )
        )
    assert broken.value.code == 503


def test_counts_embeddings_and_models_go_through_googles_client(client: genai.Client) -> None:
    assert client.models.count_tokens(model="chat", contents="x").total_tokens == 12
    config = types.EmbedContentConfig(task_type="CLUSTERING", output_dimensionality=2)
    found = client.models.embed_content(model="chat", contents=["a", "b"], config=config)
    assert [one.values for one in found.embeddings or []] == [[0.0, 0.5], [1.0, 0.5]]
    assert (_Vendor.asked[1].inputs, _Vendor.asked[1].task, _Vendor.asked[1].dimensions) == (
        ("a", "b"),
        "clustering",
        2,
    )
    assert [model.name for model in client.models.list()] == ["models/chat"]
    assert client.models.get(model="chat").display_name == "Chat"


def test_a_schema_of_the_answer_and_a_tool_in_json_schema_are_read(client: genai.Client) -> None:
    schema = {"type": "object", "properties": {"a_b": {"type": "integer"}}}
    declared = types.FunctionDeclaration(name="f", parameters_json_schema=schema)
    config = types.GenerateContentConfig(
        response_mime_type="application/json",
        response_json_schema=schema,
        tools=[types.Tool(function_declarations=[declared]), types.Tool(google_search=types.GoogleSearch())],
    )
    client.models.generate_content(model="chat", contents="x", config=config)
    [request] = _Vendor.asked
    assert request.format.schema == schema
    # In the client's own order.
    assert set(map(type, request.tools)) == {Tool, Opaque}
    assert Tool(name="f", parameters=schema) in request.tools
    assert Opaque(dialect="gemini", kind="googleSearch", raw={"googleSearch": {}}) in request.tools
