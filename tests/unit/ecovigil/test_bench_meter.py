"""The meter of the benchmarks counts a process with all that it started, also what has ended."""

import subprocess
import sys

from ecovigil.bench.meter import Meter

WORK = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {WORK!r}], check=True)
child = subprocess.Popen([sys.executable, "-c", {WORK!r} + "print('worked', flush=True)\\nimport sys\\nsys.stdin.read()"])
child.wait()
"""


def test_the_work_of_children_counts_whether_they_live_or_have_ended() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        meter = Meter()
        meter.watch("family", process.pid)
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()

        spent, peak = meter.cpu_s()["family"], meter.peak_mb()["family"]
        process.stdin.close()

    assert spent >= 0.6
    assert peak > 5


def test_a_process_that_has_ended_keeps_what_was_last_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as process:
        meter = Meter()
        meter.watch("one", process.pid)
        meter.cpu_s()
        peak = meter.peak_mb()["one"]
        assert process.stdin is not None
        process.stdin.close()

    meter.cpu_s()

    assert meter.peak_mb()["one"] == peak > 0
