"""Threads that make answers: results, errors, callers that have gone, and an end that waits for nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from cutaway.explorer.workers import Workers
from tests.explorer.hand import ROOT


def test_results_and_errors_come_back() -> None:
    async def ask() -> list[object]:
        workers = Workers(2, "test")
        found = await asyncio.gather(
            *(workers.run(lambda at=at: at * at) for at in range(20)),  # type: ignore[misc]
            workers.run(lambda: 1 // 0),
            workers.run(lambda: next(iter(()))),
            return_exceptions=True,
        )
        workers.end()
        return found

    found = asyncio.run(ask())
    assert found[:20] == [at * at for at in range(20)]
    assert isinstance(found[20], ZeroDivisionError)
    assert isinstance(found[21], RuntimeError)


def test_jobs_whose_callers_have_gone_are_left_out() -> None:
    release, done = threading.Event(), []

    async def ask() -> None:
        workers = Workers(1, "test")
        first = asyncio.create_task(workers.run(release.wait))
        second = asyncio.create_task(workers.run(lambda: done.append("second")))
        third = asyncio.create_task(workers.run(lambda: done.append("third")))
        await asyncio.sleep(0.05)
        second.cancel()
        release.set()
        await asyncio.gather(first, third)
        with pytest.raises(asyncio.CancelledError):
            await second
        workers.end()

    asyncio.run(ask())
    assert done == ["third"]


def test_a_program_ends_while_a_job_still_runs() -> None:
    code = """
import asyncio, time
from cutaway.explorer.workers import Workers

async def ask():
    workers = Workers(1, "test")
    asyncio.get_running_loop().create_task(workers.run(lambda: time.sleep(600)))
    await asyncio.sleep(0.2)
    workers.end()

asyncio.run(ask())
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(ROOT / "src")}
    )
    assert (done.stdout, done.returncode) == ("done\n", 0)
