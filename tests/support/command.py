"""The `stacfed` command in a process of its own, as a person starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STACFED = Path(sys.executable).with_name("stacfed")
DEADLINE_S = 60.0
POLL_S = 0.02


@dataclass
class Running:
    """A process that was started; what it says goes to files."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def said(self, text: str) -> str:
        """All of stdout once it holds `text`; a failure when it never does."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.out.read_text():
            assert self.process.poll() is None, self.err.read_text()
            assert time.monotonic() < deadline, f"it never said {text!r}: {self.out.read_text()}"
            time.sleep(POLL_S)
        return self.out.read_text()

    @property
    def url(self) -> str:
        """The address of a node once it is ready."""
        return self.said(", its data in").partition(" at ")[2].partition(",")[0]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code after the signal."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


def environment(**told: str) -> dict[str, str]:
    """The environment of a process: nothing of this one's settings, and these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STACFED_")}
    return inherited | {f"STACFED_{name.upper()}": value for name, value in told.items()}


@contextlib.contextmanager
def running(
    folder: Path, *arguments: str, temporary: Path | None = None, **settings: str
) -> Iterator[Running]:
    """`stacfed` with these arguments and settings; killed at the end if it still runs."""
    folder.mkdir(parents=True, exist_ok=True)
    out, err = folder / "out.txt", folder / "err.txt"
    given = environment(**settings) | ({"TMPDIR": str(temporary)} if temporary else {})
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(
            [STACFED, *arguments], stdout=out_file, stderr=err_file, env=given, cwd=folder
        )
    try:
        yield Running(process, out, err)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def finished(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`stacfed` that ends by itself."""
    command = [str(STACFED), *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
