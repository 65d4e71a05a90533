"""Folders of servers: in memory only where there is room, and nothing is left of owners that were killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.servers.folders import memory, server_folder

WAIT_S = 20.0
OWNER = """
import sys, time
from pathlib import Path
from tests.servers.folders import server_folder
with server_folder(Path(sys.argv[1])) as folder:
    (folder / "data").mkdir()
    print(folder, flush=True)
    time.sleep(100)
"""


def test_a_folder_goes_with_its_owner(tmp_path: Path) -> None:
    with server_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        (folder / "data").mkdir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_owner_left_is_swept_up_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().strip())
        with server_folder(tmp_path) as ours:
            assert sorted(tmp_path.iterdir()) == sorted([theirs, ours])
        owner.kill()
        owner.wait(WAIT_S)
    assert (theirs / "data").is_dir()
    with server_folder(tmp_path) as ours:
        assert list(tmp_path.iterdir()) == [ours]


@pytest.mark.parametrize(
    ("available_kb", "free_min", "roomy"),
    [(4096, 1 << 20, True), (4096, 8 << 20, False), (1 << 60, 1 << 60, False), (0, 1, False)],
)
def test_memory_is_used_where_there_is_room(
    tmp_path: Path, available_kb: int, free_min: int, roomy: bool
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: 8 kB\nMemFree:  4 kB\nMemAvailable:   {available_kb} kB\n")
    assert memory(tmp_path, meminfo, free_min) == (tmp_path if roomy else None)


def test_a_system_without_such_a_folder(tmp_path: Path) -> None:
    assert memory(tmp_path / "shm", tmp_path / "meminfo") is None
    (tmp_path / "shm").mkdir()
    assert memory(tmp_path / "shm", tmp_path / "meminfo") is None
