"""The child process in which every template and mapping runs.

It has no environment, no descriptor but its socket (and none can be opened), no address space beyond its limit, and no more
processor time for a job than its timer gives: the kernel ends it otherwise, and the sandbox starts another. It dies with its
parent.
"""

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import setproctitle

from torana.custom.expressions import Expressions, MappingFailed
from torana.custom.jobs import LENGTH, Job, Limits, Outcome, Step, decode_job, encode
from torana.custom.templates import Escaping, TemplateFailed, Templates

_PR_SET_PDEATHSIG = 1
_MOST_REASON = 400
_OWN_SHARE = 0.9
"""Of the processor time: a mapping that can be stopped from inside is, so that its worker need not be replaced."""
_ESCAPING: dict[str, Escaping] = {"path": "path", "body": "json", "text": "none"}
_json = msgspec.json.Decoder().decode


class _InputFailed(Exception):
    """What the job works on is not JSON."""


class Engines:
    """Both languages, and the limits they keep."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.at = ""
        """The step that is being done."""
        self.templates = Templates(limits.fuel)
        self.expressions = Expressions(limits.cpu_seconds * _OWN_SHARE, limits.depth, limits.items)

    def do(self, job: Job) -> Outcome:
        """All steps of a job, or the first that fails."""
        self.at = job.steps[0].name
        try:
            values: list[bytes] = []
            inputs = list(_read(job))
            room = self.limits.output_bytes
            for step in job.steps:
                self.at = step.name
                value = (
                    self._step(step, inputs[step.input], len(job.inputs[step.input])) if inputs else self._check(step)
                )
                room -= len(value)
                if room < 0:
                    return Outcome(
                        (), step.name, f"the output is larger than {self.limits.output_bytes} bytes", "expression"
                    )
                values.append(value)
            return Outcome(tuple(values))
        except _InputFailed as error:
            return Outcome((), self.at, _short(error), "input")
        except (TemplateFailed, MappingFailed) as error:
            return Outcome((), self.at, _short(error), "expression")
        except (RecursionError, UnicodeError) as error:
            return Outcome((), self.at, f"it cannot be evaluated: {_short(error)}", "expression")

    def _step(self, step: Step, value: object, size: int) -> bytes:
        if step.kind == "mapping":
            return self.expressions.evaluate(step.source, value)
        if not isinstance(value, dict):
            raise TemplateFailed("a template needs an object as its inputs")
        text = self.templates.render(step.source, _ESCAPING[step.kind], value, size).encode()
        if step.kind == "body":
            _check_json(text)
        return text

    def _check(self, step: Step) -> bytes:
        if step.kind == "mapping":
            self.expressions.check(step.source)
        else:
            self.templates.check(step.source, _ESCAPING[step.kind])
        return b""


def _read(job: Job) -> Iterator[object]:
    for text in job.inputs:
        try:
            yield _json(text)
        except RecursionError:
            raise _InputFailed("it is nested too deeply") from None
        except (msgspec.DecodeError, ValueError) as error:
            raise _InputFailed(f"it is not JSON: {error}") from None


def _check_json(text: bytes) -> None:
    try:
        _json(text)
    except RecursionError:
        raise TemplateFailed("what it gives is nested too deeply") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise TemplateFailed(
            f"what it gives is not JSON: {error}; it begins {_short(text[:80].decode(errors='replace'))}"
        ) from None


def _short(reason: object) -> str:
    text = " ".join(str(reason).split())
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text[:_MOST_REASON])
    return shown if len(text) <= _MOST_REASON else shown + "…"


def confine(limits: Limits, connection: int) -> None:
    """From here on no file, no socket, no process can be made. Imports have to be done."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[0])
    most = pages * resource.getpagesize() + limits.memory_bytes
    os.chdir("/")
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_NOFILE, connection + 1),
    ):
        _, ceiling = resource.getrlimit(what)
        bound = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        resource.setrlimit(what, (bound, bound))


def main(connection: int, parent: int, limits: Limits) -> None:
    """Serve jobs from the socket until it closes or the parent dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever the parent ignores or blocks is inherited, but this one has to arrive.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    setproctitle.setproctitle("torana: custom")
    engines = Engines(limits)
    _warm(engines)
    own = socket.socket(fileno=os.dup2(connection, 3, inheritable=False) if connection != 3 else 3)
    if connection != 3:
        os.close(connection)
    confine(limits, 3)
    gc.freeze()
    _serve(own, engines)


def _warm(engines: Engines) -> None:
    """What the libraries import on first use has to be there before no file can be opened any more."""
    engines.expressions.evaluate('[$now(), $fromMillis(0, "[Y]"), $toMillis("2020", "[Y]"), $match("a", /a/)]', {})
    engines.expressions.evaluate(
        '[$base64encode("é"), $encodeUrl("é"), $formatNumber(1, "0"), $formatInteger(1, "w")]', {}
    )
    for escaping in _ESCAPING.values():
        for source in ("{{ a|urlencode }}", "{{ a.b }}", "{{ a"):
            with suppress(TemplateFailed):
                engines.templates.render(source, escaping, {"a": "é"})
    "é".encode("idna").decode("utf-16", "replace")


def _serve(own: socket.socket, engines: Engines) -> None:
    _send(own, Outcome())
    while (head := _receive(own, LENGTH.size)) is not None:
        frame = _receive(own, LENGTH.unpack(head)[0])
        if frame is None:
            return
        job = decode_job(frame)
        del frame
        signal.setitimer(signal.ITIMER_PROF, engines.limits.cpu_seconds)
        try:
            outcome = engines.do(job)
            _send(own, outcome)
        except MemoryError:
            # What is left of the heap is in pieces: the sandbox starts a fresh worker.
            del job
            _send(own, Outcome((), engines.at, "it needs more memory than is allowed", "expression", leaving=True))
            return
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _send(own: socket.socket, outcome: Outcome) -> None:
    frame = encode(outcome)
    own.sendall(LENGTH.pack(len(frame)))
    own.sendall(frame)


def _receive(own: socket.socket, size: int) -> bytearray | None:
    frame = bytearray(size)
    view = memoryview(frame)
    while view:
        got = own.recv_into(view)
        if not got:
            return None
        view = view[got:]
    return frame


def start() -> None:
    """What the sandbox runs: the arguments are the socket's descriptor, the parent's process id and the limits as JSON."""
    status = 1
    try:
        main(int(sys.argv[2]), int(sys.argv[3]), msgspec.json.decode(sys.argv[4], type=Limits))
        status = 0
    finally:
        # At once, so that the socket closes with the process: who sees the one can ask for the other's status.
        os._exit(status)
