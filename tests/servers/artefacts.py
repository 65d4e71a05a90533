"""What the JVM servers are made of, each in the cache: jars, a distribution, a formatted data folder, certificates.

Maven reads from its own settings where to download from.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from tests.servers.cache import cache_folder, locked, part
from tests.servers.tools import jdk_tool, maven, run

KAFKA = "4.1.0"
ELASTIC = "8.15.5"
# One id for all clusters: a kept data folder can be used again, and formatting has to be done once only.
CLUSTER_ID = base64.urlsafe_b64encode(b"stacfed's server").decode().rstrip("=")
DOWNLOAD_S = 240.0
TOOL_S = 60.0
PLUGIN = Path(__file__).with_name("GeoShapePlugin.java")

Artefact = tuple[str, str, str, str]
KAFKA_JARS: list[Artefact] = [
    ("org.apache.kafka", "kafka_2.13", KAFKA, "jar"),
    ("org.slf4j", "slf4j-simple", "1.7.36", "jar"),
]
# The real server, but with few of its modules.
ELASTIC_ZIP: Artefact = ("org.elasticsearch.distribution.integ-test-zip", "elasticsearch", ELASTIC, "zip")


def kafka_libs() -> Path:
    """The folder with Kafka's jars. Raises Missing."""
    return part(f"kafka-{KAFKA}", _download_kafka)


def kafka_formatted() -> Path:
    """A data folder of broker 1, made by Kafka's own tool: that takes as long as starting a broker. Raises Missing."""
    return part(f"kafka-{KAFKA}-formatted", _format)


def elastic_home() -> Path:
    """An Elasticsearch distribution with the field type geo_shape. Raises Missing."""
    return part(f"elasticsearch-{ELASTIC}", _download_elastic)


def pom(dependencies: list[Artefact]) -> str:
    """A Maven project of nothing but dependencies: group, name, version and type of each."""
    fields = ("groupId", "artifactId", "version", "type")
    listed = "".join(
        "<dependency>"
        + "".join(f"<{field}>{escape(value)}</{field}>" for field, value in zip(fields, one, strict=True))
        + "</dependency>"
        for one in dependencies
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>stacfed</groupId><artifactId>servers</artifactId><version>1</version>"
        f"<dependencies>{listed}</dependencies></project>"
    )


def _maven(dependencies: list[Artefact], *arguments: str) -> None:
    # Two of them at once would write into the same repository of downloads.
    with (
        tempfile.TemporaryDirectory() as project,
        locked(cache_folder(os.environ, Path.home()) / "maven.lock"),
    ):
        (Path(project) / "pom.xml").write_text(pom(dependencies))
        run(
            [maven(), "--batch-mode", "--quiet", "-Dstyle.color=never", *arguments], Path(project), DOWNLOAD_S
        )


def _download_kafka(made: Path) -> None:
    _maven(KAFKA_JARS, "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={made}")


def _format(made: Path) -> None:
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": "1@127.0.0.1:1",
        "controller.listener.names": "CONTROLLER",
        "listeners": "PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1",
        "log.dirs": str(made),
    }
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "server.properties"
        config.write_text(properties_text(settings))
        tool = [jdk_tool("java"), "-cp", f"{kafka_libs()}/*", "kafka.tools.StorageTool", "format"]
        run([*tool, "--cluster-id", CLUSTER_ID, "--config", str(config)], Path(folder), TOOL_S)


def properties_text(settings: dict[str, str]) -> str:
    """A file of Java properties."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _download_elastic(made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent) as unpacked:
        _maven([ELASTIC_ZIP], "dependency:unpack-dependencies", f"-DoutputDirectory={unpacked}")
        (home,) = Path(unpacked).glob("elasticsearch-*")
        shutil.copytree(home, made, dirs_exist_ok=True)
    _compile_plugin(made)


def _compile_plugin(home: Path) -> None:
    plugin = home / "plugins" / "geo-shape"
    plugin.mkdir(parents=True)
    descriptor = {
        "name": "geo-shape",
        "description": "The server's own geo_shape fields",
        "version": "1",
        "elasticsearch.version": ELASTIC,
        "java.version": "17",
        "classname": PLUGIN.stem,
    }
    (plugin / "plugin-descriptor.properties").write_text(properties_text(descriptor))
    with tempfile.TemporaryDirectory() as classes:
        options = ["--release", "17", "-d", classes, "-cp", f"{home / 'lib'}/*"]
        run([jdk_tool("javac"), *options, str(PLUGIN)], home, TOOL_S)
        run([jdk_tool("jar"), "cf", str(plugin / "geo-shape.jar"), "-C", classes, "."], home, TOOL_S)
