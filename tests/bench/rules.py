"""Rules to measure with: the flat CMIP6 vocabulary and the schemas that CMIP6 items declare, imported once."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from federation.rulebook import Rulebook
from federation.settings import Settings

STACFED = Path(sys.executable).with_name("stacfed")
EXTENSIONS = ("cmip6/v3.0.2", "alternate-assets/v1.2.0", "file/v2.1.0")
ITEMS = ("cmip6-ipsl-clcalipso.json", "cmip6-ukesm-zg500.json")


@cache
def shared() -> Path | None:
    """Where the real vocabularies and schemas are; None, with a line, where they are not."""
    folder = Path(os.environ.get("STACFED_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    if folder.is_dir():
        return folder
    print("without ../shared nothing is imported: terms and extensions are not checked", file=sys.stderr)
    return None


@cache
def folders() -> dict[str, str]:
    """The settings of a node that has imported them; none without the shared data."""
    found = shared()
    if found is None:
        return {}
    folder = Path(tempfile.mkdtemp(prefix="stacfed-bench-rules-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    told = {"vocabularies": str(folder / "vocabularies"), "schemas": str(folder / "schemas")}
    _run("cv", "import", str(found / "vocabularies" / "cmip6"), "--dir", told["vocabularies"])
    _run("cv", "use", "cmip6", "6.2.60.0", "--dir", told["vocabularies"])
    schemas = found / "stac-schemas" / "stac-extensions.github.io"
    wanted = folder / "wanted" / "stac-extensions.github.io"
    for name in EXTENSIONS:
        shutil.copytree(schemas / name, wanted / name)
    _run("schemas", "import", str(folder / "wanted"), "--dir", told["schemas"])
    return told


@cache
def vocabularies() -> Path | None:
    """A folder with every real vocabulary, in the order of their import; None without the shared data."""
    found = shared()
    if found is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="stacfed-bench-vocabularies-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("WCRP-universe.zip", "cmip6", "CMIP6_CVs-esgvoc.zip", "CMIP7-CVs-1.2.16.zip"):
        _run("cv", "import", str(found / "vocabularies" / name), "--dir", str(folder))
    return folder


@cache
def book() -> Rulebook:
    """The rules of such a node."""
    return Rulebook(Settings.model_validate(folders()))


def _run(*arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STACFED_")}
    done = subprocess.run(
        [str(STACFED), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
