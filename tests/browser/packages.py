"""Programs for browsers that the tests use and the product does not: STAC Browser and axe, from npm, in the cache.

npm reads from its own settings where to download from. What is not there raises Missing, which says what to install.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.servers.cache import part
from tests.servers.tools import Missing

STAC_BROWSER = "4.0.1"
# Later ones need a newer OpenLayers than this STAC Browser asks for, and the build fails.
OL_STAC = "1.1.0"
SETTINGS_SCRIPT = '<script defer="defer" src="/config.js"></script>'  # is left out unless one asks for it
AXE = "4.14.1"
INSTALL_S, BUILD_S = 900.0, 900.0  # a slow machine that does other things too
SAID_CHARACTERS = 500
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable")


def chromium() -> str:
    """The path of a Chromium. Raises Missing."""
    named = os.environ.get("STACFED_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else CHROMIUM)), None)
    if found is None:
        raise Missing("server: install Chromium (Debian: chromium), or name one in STACFED_CHROMIUM")
    return found


def stac_browser() -> Path:
    """The folder of a built STAC Browser that reads its settings from `config.js` beside it. Raises Missing."""
    return part(f"stac-browser-{STAC_BROWSER}-{OL_STAC}", _build_stac_browser)


def axe() -> Path:
    """The script of axe, which looks for what keeps people from using a page. Raises Missing."""
    return part(f"axe-core-{AXE}", _unpack_axe) / "axe.min.js"


def _build_stac_browser(made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        source = _unpacked(f"@radiantearth/stac-browser@{STAC_BROWSER}", Path(folder))
        described = json.loads((source / "package.json").read_text())
        described["dependencies"]["ol-stac"] = OL_STAC
        (source / "package.json").write_text(json.dumps(described))
        page = source / "public" / "index.html"
        page.write_text(page.read_text().replace(f"<!-- {SETTINGS_SCRIPT} -->", SETTINGS_SCRIPT))
        _run([_npm(), "install", "--ignore-scripts", "--no-audit", "--no-fund"], source, INSTALL_S)
        options = ["--noSourceMaps", "--historyMode=hash", "--pathPrefix=/"]
        _run([_npm(), "run", "build", "--", *options], source, BUILD_S)
        shutil.copytree(source / "dist", made, dirs_exist_ok=True)


def _unpack_axe(made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        shutil.copy(_unpacked(f"axe-core@{AXE}", Path(folder)) / "axe.min.js", made)


def _unpacked(name: str, folder: Path) -> Path:
    """A package as it was published, in that folder."""
    _run([_npm(), "pack", "--silent", name], folder, INSTALL_S)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def _npm() -> str:
    found = shutil.which("npm")
    if found is None or shutil.which("node") is None:
        raise Missing("server: install Node and npm (Debian: nodejs npm); they build STAC Browser once")
    return found


def _run(command: list[str], folder: Path, wait_s: float) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            timeout=wait_s,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.TimeoutExpired as late:
        raise Missing(f"server: {command[1]} of npm did not finish within {wait_s:.0f} s") from late
    if done.returncode:
        said = " ".join(done.stdout.split())[-SAID_CHARACTERS:]
        raise Missing(f"server: npm {command[1]} failed; it said: {said}")
