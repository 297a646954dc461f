"""Examples in the vendor's form, after https://platform.openai.com/docs/api-reference/responses-streaming"""

import json
from typing import Any


def stream(*events: dict[str, Any]) -> bytes:
    """Events as OpenAI sends them."""
    return b"".join(
        [
            b"event: %b\ndata: %b\n\n"
            % (event["type"].encode(), json.dumps({**event, "sequence_number": number}).encode())
            for number, event in enumerate(events)
        ]
    )


def response(status: str, output: list[Any], **fields: Any) -> dict[str, Any]:
    """A response object."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1741487325,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "gpt-5.1-2025-11-13",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": "low", "summary": "auto"},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
        **fields,
    }


CODEX: dict[str, Any] = {
    "instructions": "You are Codex.",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sandbox: none."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List files."}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "gAAA"},
        {"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": "call_1"},
        {"type": "custom_tool_call", "name": "apply_patch", "input": "*** Begin", "call_id": "call_2"},
        {"type": "function_call_output", "call_id": "call_1", "output": "a.txt"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "done"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "shell",
            "description": "Runs.",
            "strict": False,
            "parameters": {"type": "object"},
        },
        {
            "type": "custom",
            "name": "apply_patch",
            "description": "Edits.",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: /x/"},
        },
        {"type": "local_shell"},
        {"type": "web_search"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "key",
    "text": {"verbosity": "low"},
    "client_metadata": {"x": "y"},
}
"""What the Codex command line sends, shortened."""
USAGE = {
    "input_tokens": 36,
    "input_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 5},
    "output_tokens": 87,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 123,
}
REASONING: dict[str, Any] = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "First."}, {"type": "summary_text", "text": "Second."}],
    "encrypted_content": "gAAAAB",
}
LINK = {"type": "url_citation", "start_index": 0, "end_index": 2, "url": "https://example.com", "title": "Example"}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "phase": "commentary",
    "content": [{"type": "output_text", "text": "Hi there", "annotations": [LINK], "logprobs": []}],
}
SEARCH: dict[str, Any] = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
CALL: dict[str, Any] = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "arguments": '{"city":"Paris"}',
    "call_id": "call_1",
    "name": "get_weather",
}
FREE_CALL: dict[str, Any] = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "call_id": "call_2",
    "name": "patch",
    "input": "*** Begin",
}
OUTPUT: list[dict[str, Any]] = [REASONING, SEARCH, MESSAGE, CALL, FREE_CALL]
WHOLE = response("completed", OUTPUT, usage=USAGE, service_tier="default")

TOOL_STREAM = stream(
    {"type": "response.created", "response": response("in_progress", [], service_tier="auto")},
    {"type": "response.in_progress", "response": response("in_progress", [])},
    {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {"id": "rs_1", "type": "reasoning", "summary": []},
    },
    {
        "type": "response.reasoning_summary_part.added",
        "item_id": "rs_1",
        "output_index": 0,
        "summary_index": 0,
        "part": {"type": "summary_text", "text": ""},
    },
    {
        "type": "response.reasoning_summary_text.delta",
        "item_id": "rs_1",
        "output_index": 0,
        "summary_index": 0,
        "delta": "First.",
    },
    {
        "type": "response.reasoning_summary_text.delta",
        "item_id": "rs_1",
        "output_index": 0,
        "summary_index": 1,
        "delta": "Second.",
    },
    {"type": "response.output_item.done", "output_index": 0, "item": REASONING},
    {"type": "response.output_item.added", "output_index": 1, "item": {**SEARCH, "status": "in_progress"}},
    {"type": "response.web_search_call.searching", "item_id": "ws_1", "output_index": 1},
    {"type": "response.output_item.done", "output_index": 1, "item": SEARCH},
    {
        "type": "response.output_item.added",
        "output_index": 2,
        "item": {**MESSAGE, "status": "in_progress", "content": []},
    },
    {
        "type": "response.content_part.added",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "part": {"type": "output_text", "text": "", "annotations": []},
    },
    {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "delta": "Hi ",
        "logprobs": [],
    },
    {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "delta": "there",
        "logprobs": [],
    },
    {
        "type": "response.output_text.annotation.added",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "annotation_index": 0,
        "annotation": LINK,
    },
    {
        "type": "response.output_text.done",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "text": "Hi there",
        "logprobs": [],
    },
    {
        "type": "response.content_part.done",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "part": MESSAGE["content"][0],
    },
    {"type": "response.output_item.done", "output_index": 2, "item": MESSAGE},
    {
        "type": "response.output_item.added",
        "output_index": 3,
        "item": {**CALL, "status": "in_progress", "arguments": ""},
    },
    {
        "type": "response.function_call_arguments.delta",
        "item_id": "fc_1",
        "output_index": 3,
        "delta": '{"city":"Paris"}',
    },
    {
        "type": "response.function_call_arguments.done",
        "item_id": "fc_1",
        "output_index": 3,
        "arguments": '{"city":"Paris"}',
    },
    {"type": "response.output_item.done", "output_index": 3, "item": CALL},
    {"type": "response.output_item.added", "output_index": 4, "item": {**FREE_CALL, "input": ""}},
    {"type": "response.custom_tool_call_input.delta", "item_id": "ctc_1", "output_index": 4, "delta": "*** Begin"},
    {"type": "response.custom_tool_call_input.done", "item_id": "ctc_1", "output_index": 4, "input": "*** Begin"},
    {"type": "response.output_item.done", "output_index": 4, "item": FREE_CALL},
    {"type": "response.completed", "response": WHOLE},
)
