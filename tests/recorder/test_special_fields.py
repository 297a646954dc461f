"""Fields of a record that few calls have, and records of before there were such fields."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.recorder.records import encoded, record
from tests.recorder.test_ingest import count, drained, opened
from tests.recorder.test_query import START_US, store
from torana.core.record import CallRecord
from torana.recorder import query
from torana.settings import Settings
from torana.stores.spool.writer import SpoolWriter
from torana.stores.sql.engine import Engine, reading

pytestmark = pytest.mark.anyio

SPECIAL: dict[str, Any] = {
    "cache_write_tokens": 7,
    "audio_input_tokens": 0,
    "audio_output_tokens": 3,
    "units": "seconds",
    "unit_count": 12.5,
    "dialect": "anthropic_messages",
    "target_dialect": "openai_chat",
    "dropped": "top_k, thinking",
    "release": "release_7k2m",
}


async def shown(engine: Engine, call_id: str) -> dict[str, Any]:
    async with reading(engine) as connection:
        found = await query.show_call(connection, None, call_id)
    assert found is not None
    return found


async def test_what_few_calls_have_is_stored_and_shown_and_unknown_elsewhere(engine: Engine) -> None:
    plain, special = record(0, started_us=START_US), record(1, started_us=START_US + 1, **SPECIAL)
    await store(engine, plain, special)
    found = await shown(engine, special.id)
    assert {name: found[name] for name in CallRecord.__struct_fields__} == msgspec.structs.asdict(special)
    other = await shown(engine, plain.id)
    assert {name: other[name] for name in CallRecord.__struct_fields__} == msgspec.structs.asdict(plain)
    assert {other[name] for name in SPECIAL} == {None}


async def test_a_record_in_the_spool_of_a_gate_of_before_is_taken_in(engine: Engine, settings: Settings) -> None:
    data = Path(settings.data)
    older = msgspec.msgpack.encode(msgspec.msgpack.decode(encoded(0))[: -len(SPECIAL)])
    writer = SpoolWriter(data / "spool", 65_536, 4 * 1024 * 1024)
    writer.append(older)
    ingest = await opened(engine, data)
    await drained(ingest)
    assert await count(engine) == 1
