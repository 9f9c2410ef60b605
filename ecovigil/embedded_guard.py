"""The guard of one embedded server: starts it, and ends it when EcoVigil is gone, however that happened.

Run as a script in a process of its own, with the standard library alone:
`python -I -S embedded_guard.py '{"argv": […], "log": …, "user": [uid, gid] or null, "signal": 2}'`. Our end of its
standard input is a pipe that closes with us, even at SIGKILL; the server in turn gets SIGKILL from the kernel if the
guard itself is killed (Linux). The first line of its output is the server's process id; its exit code is the server's.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
GRACE_S = 8.0


def main() -> int:
    """Guard the server that the argument describes; return its exit code."""
    spec = json.loads(sys.argv[1])
    # our parent decides when to stop: Ctrl-C reaches the whole foreground group and must not race with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Path(spec["log"]).open("ab", buffering=0) as log:
        server = subprocess.Popen(
            spec["argv"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=spec.get("cwd"),
            env={**os.environ, **spec.get("env", {})},
            preexec_fn=_before_exec(spec.get("user")),
            start_new_session=True,
        )
    print(server.pid, flush=True)
    _wait(server)
    return _end(server, spec.get("signal", signal.SIGTERM))


def _wait(server: "subprocess.Popen[bytes]") -> None:
    """Return when the server has ended or our parent has closed the pipe."""
    while server.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], 0.1)
        if readable and not os.read(sys.stdin.fileno(), 4096):
            return


def _end(server: "subprocess.Popen[bytes]", number: int) -> int:
    if server.poll() is None:
        server.send_signal(number)
    try:
        code = server.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        code = server.wait()
    return code if code >= 0 else 128 - code


def _before_exec(user: list[int] | None) -> Callable[[], None]:
    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if user is not None:
            _become(user[0], user[1])
        if sys.platform == "linux":
            # after the change of user: that clears it
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return prepare


def _become(uid: int, gid: int) -> None:
    """Change to a system user that may still pass the directories of root: PostgreSQL refuses to run as root itself."""
    libc: Any = ctypes.CDLL(None)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    mask = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    libc.capset(header, data)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
