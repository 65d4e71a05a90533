"""What must be installed for servers without containers: a JDK and Maven."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# Elasticsearch 8.15 needs the security manager, which Java 24 has no more.
JAVA_OLDEST = 17
JAVA_NEWEST = 23
# Half the work until a server is ready, and half the speed later.
QUICK = "-XX:TieredStopAtLevel=1"
PROBE_S = 20.0
SAID_CHARACTERS = 500


class Missing(Exception):
    """Something that has to be installed is not there; the text begins with "server: " and says what to install."""


def java_version(settings: str) -> int | None:
    """17 for Java 17; read from what `java -XshowSettings:properties -version` prints."""
    found = re.search(r"^\s*java\.specification\.version = (\d+)\s*$", settings, re.MULTILINE)
    return int(found[1]) if found else None


def java_folder(settings: str) -> Path | None:
    """The folder of that JDK, from the same output."""
    found = re.search(r"^\s*java\.home = (.+?)\s*$", settings, re.MULTILINE)
    return Path(found[1]) if found else None


def java_candidates(environment: Mapping[str, str]) -> list[str]:
    """JAVA_HOME first, then what the path offers."""
    named = environment.get("JAVA_HOME")
    found = [str(Path(named) / "bin" / "java")] if named else []
    on_path = shutil.which("java", path=environment.get("PATH"))
    return found + ([on_path] if on_path else [])


@cache
def jdk() -> Path:
    """The folder of a JDK that runs both servers and holds a compiler. Raises Missing."""
    for java in java_candidates(os.environ):
        folder = _usable(java)
        if folder is not None:
            return folder
    raise Missing(f"server: install a JDK {JAVA_OLDEST} to {JAVA_NEWEST} (Debian: openjdk-17-jdk-headless)")


def jdk_tool(name: str) -> str:
    """The path of java, javac, jar or keytool. Raises Missing."""
    return str(jdk() / "bin" / name)


def _usable(java: str) -> Path | None:
    command = [java, "-XshowSettings:properties", "-version"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_S, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    version, folder = java_version(shown), java_folder(shown)
    if version is None or folder is None or not JAVA_OLDEST <= version <= JAVA_NEWEST:
        return None
    return folder if (folder / "bin" / "javac").exists() else None


def maven() -> str:
    """The path of mvn. Raises Missing."""
    found = shutil.which("mvn")
    if found is None:
        raise Missing("server: install Maven (Debian: maven); it downloads Kafka and Elasticsearch once")
    return found


def run(command: list[str], folder: Path, wait_s: float) -> None:
    """Run a tool to its end in that folder. Raises Missing with the beginning of its output where it fails."""
    name = Path(command[0]).name
    environment = {**os.environ, "JAVA_HOME": str(jdk())}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            timeout=wait_s,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.TimeoutExpired as late:
        raise Missing(f"server: {name} did not finish within {wait_s:.0f} s") from late
    if done.returncode:
        said = " ".join(done.stdout.split())[:SAID_CHARACTERS]  # the reason for a skip is one line
        raise Missing(f"server: {name} failed, so there is no server; it said: {said}")
