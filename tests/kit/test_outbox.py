"""Writes that leave together at the end of a turn of the loop."""

import asyncio
import socket

from torana.kit.outbox import Outbox


async def _pair() -> tuple[asyncio.WriteTransport, socket.socket]:
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    theirs.settimeout(10)
    return transport, theirs


def test_what_is_written_leaves_in_order_at_the_end_of_the_turn() -> None:
    async def story() -> None:
        transport, theirs = await _pair()
        outbox = Outbox()
        outbox.write(transport, b"one ")
        outbox.write(transport, b"two")
        theirs.setblocking(False)
        try:
            early = theirs.recv(100)
        except BlockingIOError:
            early = b""
        assert early == b""
        turn = outbox.turn
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert outbox.turn == turn + 1
        assert theirs.recv(100) == b"one two"
        transport.close()
        theirs.close()

    asyncio.run(story())


def test_a_flush_writes_at_once_and_an_aborted_transport_is_passed_over() -> None:
    async def story() -> None:
        kept, theirs = await _pair()
        gone, others = await _pair()
        outbox = Outbox()
        outbox.write(gone, b"lost")
        outbox.write(kept, b"kept")
        gone.abort()
        outbox.flush()
        assert theirs.recv(100) == b"kept"
        await asyncio.sleep(0)
        assert others.recv(100) == b""
        kept.close()
        for one in (theirs, others):
            one.close()

    asyncio.run(story())
