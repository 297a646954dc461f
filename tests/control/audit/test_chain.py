"""Laws of the chain: no single edit, removal, exchange or insertion is missed, and what is as it was written verifies."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torana.control.audit.anchor import Anchor
from torana.control.audit.chain import MOST_FINDINGS, Chain, Finding
from torana.control.audit.entry import FIRST, Entry, sealed
from torana.control.audit.repository import Row
from torana.stores.secrets.master import MasterKey

KEYED = MasterKey(bytes(range(32))).audit_digest
FIELDS = Entry.__struct_fields__
TEXT = st.text(max_size=8)
MAYBE = st.none() | TEXT


def trail(count: int) -> list[Entry]:
    entries: list[Entry] = []
    previous = FIRST
    for seq in range(1, count + 1):
        entry = Entry(seq, 1_000 + seq // 2, "person", "user_1", "ann", None, "app.create", "app", f"app_{seq % 3}", "a", None,
                      None, '{"a":1}', None, None, None, previous)  # fmt: skip
        entries.append(sealed(entry, KEYED))
        previous = entries[-1].hash
    return entries


def found(entries: list[Entry], anchor: Anchor | None = None, at_once: int = 3) -> list[Finding]:
    chain = Chain(KEYED, [anchor] if anchor is not None else [])
    for start in range(0, len(entries), at_once):
        chain.look([Row(entry.seq, entry) for entry in entries[start : start + at_once]])
    findings = chain.finish()
    assert bool(findings) == bool(chain.found)
    return findings


def anchored(entries: list[Entry]) -> Anchor:
    return Anchor(entries[-1].seq, entries[-1].hash)


def value_of(field: str) -> st.SearchStrategy[Any]:
    if field in ("seq", "at_us"):
        return st.integers(-5, 2**63 - 1)
    return st.binary(max_size=32) if field in ("previous", "hash") else MAYBE


@given(count=st.integers(0, 12), at_once=st.integers(1, 5))
def test_what_was_written_verifies(count: int, at_once: int) -> None:
    entries = trail(count)
    assert found(entries, anchored(entries) if entries else None, at_once) == []


@settings(max_examples=300)
@given(data=st.data())
def test_any_edit_of_any_field_is_found_at_its_entry(data: st.DataObject) -> None:
    entries = trail(data.draw(st.integers(1, 8)))
    place = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(FIELDS))
    before = entries[place]
    value = data.draw(value_of(field).filter(lambda one: one != getattr(before, field)))
    taken = {entry.seq for entry in entries} - {before.seq}
    if field == "seq" and value in taken:
        return
    edited = [*entries[:place], msgspec.structs.replace(before, **{field: value}), *entries[place + 1 :]]
    findings = found(sorted(edited, key=lambda entry: entry.seq), anchored(entries))
    assert any(one.seq <= before.seq <= one.until for one in findings)
    if field != "seq":
        assert {(one.kind, one.seq) for one in findings} == {("changed", before.seq)}


@given(count=st.integers(1, 9), data=st.data())
def test_any_removal_is_found_and_named(count: int, data: st.DataObject) -> None:
    entries = trail(count)
    gone = data.draw(st.sets(st.integers(1, count), min_size=1))
    findings = found([entry for entry in entries if entry.seq not in gone], anchored(entries))
    named = {seq for one in findings for seq in range(one.seq, one.until + 1)}
    assert named == gone


@given(count=st.integers(2, 9), data=st.data())
def test_any_exchange_is_found_and_named(count: int, data: st.DataObject) -> None:
    entries = trail(count)
    one, other = data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True))
    entries[one], entries[other] = (
        msgspec.structs.replace(entries[other], seq=one + 1),
        msgspec.structs.replace(entries[one], seq=other + 1),
    )
    findings = found(entries, Anchor(count, entries[-1].hash))
    assert {(finding.kind, finding.seq) for finding in findings} == {("moved", one + 1), ("moved", other + 1)}


@given(count=st.integers(1, 9), data=st.data())
def test_any_insertion_is_found_and_named(count: int, data: st.DataObject) -> None:
    # Everything behind it is numbered anew, as whoever wants no gap would do.
    entries = trail(count)
    place = data.draw(st.integers(0, count))
    template = entries[data.draw(st.integers(0, count - 1))]
    forged = msgspec.structs.replace(template, seq=place + 1, hash=data.draw(st.binary(min_size=32, max_size=32)))
    behind = [msgspec.structs.replace(entry, seq=entry.seq + 1) for entry in entries[place:]]
    findings = found([*entries[:place], forged, *behind], anchored(entries))
    assert place + 1 in {one.seq for one in findings}


@given(count=st.integers(2, 9), data=st.data())
def test_two_true_histories_cannot_be_put_together(count: int, data: st.DataObject) -> None:
    # Entries of a copy of the database, in which other things were done: each is sealed by the same key.
    entries = trail(count)
    place = data.draw(st.integers(1, count - 1))
    other, previous = [], entries[place - 1].hash
    for seq in range(place + 1, count + 1):
        other.append(sealed(msgspec.structs.replace(entries[seq - 1], actor_name="eve", previous=previous), KEYED))
        previous = other[-1].hash
    assert [one.kind for one in found([*entries[:place], *other], anchored(entries))] == ["replaced"]
    if place + 1 < count:
        joined = found([*entries[:place], other[0], *entries[place + 1 :]], anchored(entries))
        assert [(one.kind, one.seq) for one in joined] == [("forked", place + 2)]


def test_an_entry_sealed_by_another_key_is_found() -> None:
    entries = trail(3)
    entries[1] = sealed(entries[1], MasterKey(bytes(32)).audit_digest)
    assert [(one.kind, one.seq) for one in found(entries)] == [("changed", 2)]


@pytest.mark.parametrize("value", [None, 1, "text", bytes(5), 1.5, float("nan"), 2**70, [], object()])
def test_a_value_of_another_type_is_found_in_any_field(value: Any) -> None:
    for field in FIELDS:
        entries = trail(3)
        row = msgspec.structs.replace(entries[1], **{field: value})
        if getattr(entries[1], field) is value or field == "seq":
            continue
        assert [(one.kind, one.seq) for one in found([entries[0], row, entries[2]])] == [("changed", 2)], field


def test_no_more_than_a_page_of_findings_is_told_and_all_are_counted() -> None:
    chain = Chain(KEYED)
    chain.look([Row(seq, None) for seq in range(1, 1_001)])
    assert len(chain.finish()) == MOST_FINDINGS
    assert chain.found == 1_000
