"""What a template or mapping may not do, and that the next one works all the same."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from tests.custom.conftest import Evaluator
from torana.custom.errors import CustomError
from torana.custom.jobs import Job, Limits, Step
from torana.custom.sandbox import Sandbox

LONG = b'{"x": "' + b"a" * 100_000 + b'", "y": "' + b"a" * 40 + b'b"}'
MIB = 1024 * 1024
LOOPING = "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}"
DOUBLING = "{% set n = namespace(a=x) %}{% for i in range(30) %}{% set n.a = n.a ~ n.a %}{% endfor %}"

STOPPED = {
    "a template that loops": ("text", LOOPING, "fuel"),
    "a loop over a long text": ("text", "{% for a in x %}{{ x }}{% endfor %}", "fuel|memory"),
    "a list that explodes": ("text", "{{ (['a' * 1000] * 200000)|join }}", "memory"),
    "a text that explodes": ("text", "{{ 'a' * 10**9 }}", "fuel"),
    "a text that doubles": ("text", DOUBLING, "fuel|memory|processor"),
    "a macro that calls itself": ("text", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "recursion"),
    "brackets without end": ("text", "{{" + "(" * 50_000 + "1" + ")" * 50_000 + "}}", "recursion"),
    "a file that is included": ("text", "{% include '/etc/passwd' %}", "non-existing"),
    "a template that is imported": ("text", "{% import 'os' as os %}", "non-existing"),
    "a Python class": ("text", "{{ x.__class__.__mro__ }}", "undefined"),
    "the globals of a function": ("text", "{{ range.__globals__ }}", "undefined"),
    "the engine's state": ("text", "{{ debug() }}", "unknown function"),
    "a way around escaping": ("body", '{"a": "{{ x|safe }}"}', "unknown filter"),
    "a name that is not there": ("text", "{{ nothing }}", "undefined"),
    "a mapping that recurses": ("mapping", "($f := function($n) { $f($n) + 1 }; $f(1))", "calls itself"),
    "a mapping without end": ("mapping", "($f := function($n) { $f($n) }; $f(1))", "processor time"),
    "a long range": ("mapping", "$sum([1..5000000])", "range of 5000000"),
    "a longer range": ("mapping", "[1..10000000]", "range of 10000000"),
    "ranges in ranges": ("mapping", "[1..90000].[1..90000].[1..90000]", "memory|processor|longer"),
    "a mapping of brackets": ("mapping", "(" * 30_000 + "1" + ")" * 30_000, "JSONata|nested"),
    "a wide pad": ("mapping", '$pad("a", 900000000)', "pad"),
    "a pad that is applied partially": ("mapping", '(function($f) { $f(900000000) })($pad("a", ?))', "pad"),
    "a text that is doubled": ("mapping", '$reduce([1..40], function($a, $b) { $a & $a }, x)', "memory|larger|processor"),
    "a look-ahead": ("mapping", "$contains(x, /(?=a)/)", "re2"),
    "a back reference": ("mapping", r"$contains(x, /(a)\1/)", "re2"),
    "code from a text": ("mapping", '$eval("1 + 1")', "non-function"),
    "a function as a result": ("mapping", "$sum", "evaluated"),
    "a division by zero": ("mapping", "1/0", "zero"),
    "half a surrogate pair": ("mapping", r'"\ud800"', "surrogate"),
    "a syntax error": ("mapping", "foo(", "JSONata"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "source", "reason"), STOPPED.values(), ids=STOPPED)
def test_it_is_stopped_with_a_clear_error_and_the_next_evaluation_works(
    evaluator: Evaluator, kind: str, source: str, reason: str
) -> None:
    with pytest.raises(CustomError, match=reason) as caught:
        evaluator.one(kind, source, LONG)
    assert caught.value.code == "custom_template_failed"
    assert caught.value.step == "step"
    assert len(caught.value.reason) < 500
    assert evaluator.one("mapping", "$length(y)", LONG) == b"41"
    assert evaluator.one("text", "{{ y|length }}", LONG) == b"41"


def test_a_regular_expression_that_would_backtrack_ends_at_once(evaluator: Evaluator) -> None:
    assert evaluator.one("mapping", "$contains(y, /^(a+)+$/)", LONG) == b"false"
    assert evaluator.one("mapping", '$replace("abcabc", /B(c)/i, "[$1]")') == b'"a[c]a[c]"'
    assert evaluator.one("mapping", r'$split("a1b2c", /\d/)') == b'["a","b","c"]'


def test_a_mapping_that_was_kept_has_its_whole_time_again(evaluator: Evaluator) -> None:
    """The library's time limit counts from compilation: a kept expression would always be late."""
    slow = "$sum([1..30000])"
    for _ in range(4):
        assert evaluator.one("mapping", slow) == b"450015000"


def test_the_bindings_of_one_evaluation_are_gone_in_the_next(evaluator: Evaluator) -> None:
    assert evaluator.one("mapping", "($kept := secret; $kept)", b'{"secret": 7}') == b"7"
    assert evaluator.one("mapping", "$kept", b"{}") == b"null"


def test_processor_time_is_limited_by_the_kernel_and_the_worker_replaced() -> None:
    async def work() -> None:
        sandbox = Sandbox(Limits(cpu_seconds=0.3, wall_seconds=60, fuel=10**12), workers=1)
        spin = "{% for i in range(9999) %}{% for j in range(9999) %}{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}"
        try:
            assert await sandbox.evaluate(_job("text", "1")) == (b"1",)
            (first,) = sandbox.processes
            with pytest.raises(CustomError, match=r"more processor time than 0\.3 s"):
                await sandbox.evaluate(_job("text", spin))
            assert not psutil.pid_exists(first)
            assert await sandbox.evaluate(_job("text", "2")) == (b"2",)
            assert sandbox.processes != [first]
        finally:
            await sandbox.close()

    asyncio.run(work())


def test_wall_time_is_limited_by_the_parent() -> None:
    async def work() -> None:
        sandbox = Sandbox(Limits(wall_seconds=0.5, cpu_seconds=60), workers=1)
        try:
            await sandbox.evaluate(_job("text", "1"))
            os.kill(sandbox.processes[0], signal.SIGSTOP)
            with pytest.raises(CustomError, match=r"longer than 0\.5 s"):
                await sandbox.evaluate(_job("text", "1"))
            assert await sandbox.evaluate(_job("text", "2")) == (b"2",)
        finally:
            await sandbox.close()

    asyncio.run(work())


def test_a_worker_that_is_killed_is_replaced_and_its_job_fails() -> None:
    async def work() -> None:
        sandbox = Sandbox(workers=1)
        try:
            await sandbox.evaluate(_job("text", "1"))
            (pid,) = sandbox.processes
            os.kill(pid, signal.SIGSTOP)
            running = asyncio.ensure_future(sandbox.evaluate(_job("text", "1")))  # noqa: TID251
            waiting = asyncio.ensure_future(sandbox.evaluate(_job("text", "2")))  # noqa: TID251
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(CustomError, match="stopped"):
                await running
            assert await waiting == (b"2",)
        finally:
            await sandbox.close()

    asyncio.run(work())


def test_memory_of_the_parent_stays_bounded_while_templates_explode(evaluator: Evaluator) -> None:
    for kind, source, _ in (STOPPED["a list that explodes"], STOPPED["a text that is doubled"]):
        with pytest.raises(CustomError):
            evaluator.one(kind, source, LONG)
    before = _peak()
    for _ in range(3):
        for kind, source, _ in (STOPPED["a list that explodes"], STOPPED["a text that is doubled"]):
            with pytest.raises(CustomError):
                evaluator.one(kind, source, LONG)
    assert _peak() - before < 100 * MIB


def test_an_output_over_its_limit_and_an_input_over_its_limit_are_refused() -> None:
    async def work() -> None:
        sandbox = Sandbox(Limits(output_bytes=1000, input_bytes=2000), workers=1)
        try:
            with pytest.raises(CustomError, match="output is larger than 1000 bytes"):
                await sandbox.evaluate(_job("text", "{{ x }}", b'{"x": "' + b"a" * 1500 + b'"}'))
            with pytest.raises(CustomError, match="input of 2508 bytes is larger than 2000"):
                await sandbox.evaluate(_job("text", "{{ x }}", b'{"x":"' + b"a" * 2500 + b'"}'))
            assert await sandbox.evaluate(_job("text", "{{ x }}", b'{"x": "a"}')) == (b"a",)
        finally:
            await sandbox.close()

    asyncio.run(work())


def test_a_worker_has_no_environment_no_descriptors_and_can_make_none(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "sk-canary")
    with suppress(CustomError):
        evaluator.one("text", STOPPED["a list that explodes"][1])
    evaluator.one("text", "1")
    (pid,) = evaluator.sandbox.processes
    place = Path(f"/proc/{pid}")
    assert (place / "environ").read_bytes().strip(b"\0") in (b"", b"LC_ALL=C.UTF-8")
    assert sorted(one.name for one in (place / "fd").iterdir()) == ["0", "1", "2", "3"]
    assert {str((place / "fd" / name).readlink()) for name in "012"} == {"/dev/null"}
    limits = {line[:25].strip(): line[26:].split()[0] for line in (place / "limits").read_text().splitlines()[1:]}
    assert limits["Max open files"] == "4"
    assert limits["Max file size"] == "0"
    assert limits["Max core file size"] == "0"
    assert int(limits["Max address space"]) < 700 * MIB


def test_a_worker_dies_with_its_parent() -> None:
    program = (
        "import asyncio, os\n"
        "from torana.custom.jobs import Job, Step\n"
        "from torana.custom.sandbox import Sandbox\n"
        "async def work():\n"
        "    sandbox = Sandbox()\n"
        "    await sandbox.evaluate(Job((Step('s', 'text', '1'),), (b'{}',)))\n"
        "    print(*sandbox.processes, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(work())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9, done.stderr
    orphan = int(done.stdout)
    try:
        psutil.Process(orphan).wait(timeout=30)
    except psutil.NoSuchProcess:
        return


def test_it_works_the_same_on_the_loop_of_a_gate() -> None:
    async def work() -> None:
        sandbox = Sandbox(Limits(wall_seconds=60), workers=2)
        try:
            done = await asyncio.gather(*(sandbox.evaluate(_job("text", str(number))) for number in range(20)))
            assert done == [(str(number).encode(),) for number in range(20)]
            assert len(sandbox.processes) == 2
            with pytest.raises(CustomError, match="memory"):
                await sandbox.evaluate(_job(*STOPPED["a list that explodes"][:2]))
            large = b'{"x": "' + b"a" * 8 * MIB + b'"}'
            assert len((await sandbox.evaluate(_job("text", "{{ x }}", large)))[0]) == 8 * MIB
            for template in ('{"x": {{ x|tojson }}}', '{"x": {{ x }}}'):
                assert len((await sandbox.evaluate(_job("body", template, large)))[0]) == 8 * MIB + 9
        finally:
            await sandbox.close()

    uvloop.run(work())


def test_a_sandbox_whose_workers_cannot_be_started_says_so_after_submit_has_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    async def work() -> None:
        sandbox = Sandbox(workers=1)
        answered: list[Any] = []
        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", refuse)
            sandbox.submit(_job("text", "1"), answered.append)
            assert answered == []
            with pytest.raises(CustomError, match="Resource temporarily unavailable") as caught:
                await sandbox.evaluate(_job("text", "2"))
        assert caught.value.code == "custom_sandbox_unavailable"
        assert len(answered) == 1
        assert await sandbox.evaluate(_job("text", "3")) == (b"3",)
        await sandbox.close()

    asyncio.run(work())


def test_a_sandbox_whose_workers_end_at_once_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        sandbox = Sandbox(workers=2)
        with pytest.raises(CustomError, match="ended while it started") as caught:
            await sandbox.evaluate(_job("text", "1"))
        assert caught.value.code == "custom_sandbox_unavailable"
        await sandbox.close()

    asyncio.run(work())


def test_at_most_so_many_jobs_wait() -> None:
    async def work() -> None:
        sandbox = Sandbox(workers=1, waiting=3)
        try:
            done = await asyncio.gather(
                *(sandbox.evaluate(_job("text", str(number))) for number in range(6)), return_exceptions=True
            )
            refused = [one for one in done if isinstance(one, CustomError)]
            assert [one for one in done if not isinstance(one, CustomError)] == [(b"0",), (b"1",), (b"2",)]
            assert {one.code for one in refused} == {"custom_sandbox_unavailable"}
        finally:
            await sandbox.close()

    asyncio.run(work())


def test_a_job_that_nobody_waits_for_any_more_is_not_answered_and_does_not_hold_others_up() -> None:
    async def work() -> None:
        sandbox = Sandbox(workers=1)
        answered: list[Any] = []
        try:
            await sandbox.evaluate(_job("text", "0"))
            running = sandbox.submit(_job("text", "1"), answered.append)
            waiting = sandbox.submit(_job("text", "2"), answered.append)
            sandbox.cancel(running)
            sandbox.cancel(waiting)
            assert await sandbox.evaluate(_job("text", "3")) == (b"3",)
            assert answered == []
        finally:
            await sandbox.close()

    asyncio.run(work())


def test_a_closed_sandbox_answers_what_runs_waits_and_comes() -> None:
    async def work() -> None:
        sandbox = Sandbox(workers=1)
        started = [asyncio.ensure_future(sandbox.evaluate(_job("text", "1"))) for _ in range(2)]  # noqa: TID251
        await asyncio.sleep(0)
        (pid,) = sandbox.processes
        await sandbox.close()
        for one in [*started, sandbox.evaluate(_job("text", "1"))]:
            with pytest.raises(CustomError):
                await one
        assert not psutil.pid_exists(pid)
        assert sandbox.processes == []

    asyncio.run(work())


@pytest.mark.parametrize(
    "text",
    [b"", b"nope", b"[" * 200_000, b'{"a": 1', b"1" * 6000, b'"\xff"', b'"\\ud800"'],
    ids=lambda text: repr(text[:9]),
)
def test_a_reply_that_is_not_json_is_said_to_be_the_services_fault(evaluator: Evaluator, text: bytes) -> None:
    with pytest.raises(CustomError) as caught:
        evaluator.one("mapping", "$", text)
    assert caught.value.code == "upstream_bad_reply"


def _job(kind: Any, source: str, inputs: bytes = b"{}") -> Job:
    return Job((Step("step", kind, source),), (inputs,))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_what_a_gate_imports_holds_neither_language_nor_yaml() -> None:
    program = "import sys, torana.custom.stream, torana.custom.steps, torana.custom.sandbox\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert not {"jsonata", "minijinja", "re2", "yaml", "typer", "httpx2"} & {
        name.partition(".")[0] for name in done.stdout.split()
    }
