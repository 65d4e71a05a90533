"""One server process: started in its own process group, and killed with it whatever happens to us."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

TAIL_LINES = 40
POLL_S = 0.05
REAP_S = 20.0
PROC = Path("/proc")
# The server starts when we say so, which is after its guard: we may be killed at any moment.
ON_WORD = 'read -r _ && exec "$@" </dev/null'
# The guard holds the other end of a pipe of ours. A line is a peaceful end; end of file means that we are gone.
GUARD = 'read -r _ || kill -s KILL -- "-$1"'


class NotReady(AssertionError):
    """A server ended early or was not ready in time; the text holds the end of its output."""


class Handle(Protocol):
    """One server, as a process or as a container. It may be started again after `stop` and `kill`."""

    def start(self) -> None: ...

    def running(self) -> bool: ...

    def output(self) -> str:
        """All that it has printed."""

    def ask_to_stop(self) -> None:
        """Returns at once."""

    def stop(self, wait_s: float) -> None:
        """Ask it to stop, and kill what has not ended by then."""

    def kill(self) -> None:
        """End it at once, paused or not; returns when it is gone."""

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""

    def resume(self) -> None: ...

    def close(self) -> None:
        """Kill it and keep nothing."""


def wait_until(ready: Callable[[], bool], server: Handle, wait_s: float) -> None:
    """Poll until `ready` says so. Raises NotReady with the end of the server's output."""
    end = time.monotonic() + wait_s
    while not ready():
        if not server.running():
            raise NotReady(f"the server ended\n{tail(server.output())}")
        if time.monotonic() > end:
            raise NotReady(f"the server was not ready after {wait_s:.0f} s\n{tail(server.output())}")
        time.sleep(POLL_S)


def tail(output: str) -> str:
    """The last lines."""
    return "\n".join(output.splitlines()[-TAIL_LINES:])


class Process:
    """A command that runs until it is told to end; its output goes to a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], output: Path) -> None:
        self.command = list(command)
        self.environment = dict(environment)
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process group's id as well."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        assert self._process is None, "started already"
        self._process = self._shell(ON_WORD, *self.command)
        self._guard = self._shell(GUARD, str(self.pid))
        _say(self._process)

    def _shell(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            return subprocess.Popen(
                ["sh", "-c", script, "sh", *arguments],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    def ask_to_stop(self) -> None:
        if self.running():
            os.kill(self.pid, signal.SIGTERM)

    def stop(self, wait_s: float) -> None:
        self.ask_to_stop()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(wait_s)
        self.kill()

    def kill(self) -> None:
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait(REAP_S)
        _wait_while(group_lives, self.pid)
        self._process = None
        if self._guard is not None:
            _say(self._guard)
            self._guard.wait(REAP_S)
            self._guard = None

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)
        # Its threads stop when they are next scheduled; until then they go on answering.
        _wait_while(_group_runs, self.pid)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(self.pid, number)


def _say(listener: subprocess.Popen[bytes]) -> None:
    """One line, then nothing more."""
    assert listener.stdin is not None
    with suppress(BrokenPipeError), listener.stdin:
        listener.stdin.write(b"go\n")


def _wait_while(holds: Callable[[int], bool], group: int) -> None:
    end = time.monotonic() + REAP_S
    while holds(group):
        assert time.monotonic() < end, f"process group {group} does not obey"
        time.sleep(POLL_S)


def group_lives(group: int) -> bool:
    """Whether any process of it is left: until then, killed children may still write into a server's folder."""
    if PROC.exists():
        return bool(_members(group))
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _group_runs(group: int) -> bool:
    """Whether any thread of it has not stopped yet; where there is no /proc, it is taken to stop at once."""
    threads = [_stat(path) for member in _members(group) for path in member.glob("task/*/stat")]
    return any(stat is not None and process_state(stat)[0] != "T" for stat in threads)


def _members(group: int) -> list[Path]:
    """The folders in /proc of its processes. A zombie is none: nobody may be there to reap an orphan."""
    stats = {path.parent: _stat(path) for path in PROC.glob("[0-9]*/stat")}
    states = {member: process_state(stat) for member, stat in stats.items() if stat is not None}
    return [member for member, (state, its_group) in states.items() if its_group == group and state != "Z"]


def _stat(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has just ended
        return None


def process_state(stat: str) -> tuple[str, int]:
    """The state and the process group in a line of /proc/PID/stat; the program's name may hold brackets and spaces."""
    state, _, group = stat.rpartition(")")[2].split()[:3]
    return state, int(group)
