"""One Elasticsearch node on this machine."""

from __future__ import annotations

import http.client
import os
import shutil
import stat
from pathlib import Path

from tests.servers import artefacts
from tests.servers.containers import ELASTIC_IMAGE, Container
from tests.servers.ports import free_ports
from tests.servers.process import Handle, Process, wait_until
from tests.servers.tools import QUICK, Missing, jdk

READY_S = 120.0
STOP_S = 20.0
ANSWER_S = 5.0
HEAP_MB, HEAP_MOST_MB = 512, 2048  # to begin with; and at most, but for short lives
NOBODY = 65534


def node_settings(port: int, transport: int) -> dict[str, str]:
    """What a process and a container are both told."""
    return {
        "cluster.name": "stacfed-test",
        "node.name": "one",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": str(port),
        "transport.port": str(transport),
        "xpack.security.enabled": "false",
        "action.auto_create_index": "false",
        "cluster.max_shards_per_node": "20000",  # tests make an index for each collection of each of them
        # A disk that is nearly full would make indices read-only.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }


class ElasticServer:
    """A node; it keeps its port and data when it is started again."""

    def __init__(
        self, folder: Path, *, port: int | None = None, quick: bool = False, containers: bool = False
    ) -> None:
        """`quick` is for short lives. Raises Missing."""
        free, transport = free_ports(2)
        self.port = port or free
        self.folder = folder
        settings = node_settings(self.port, transport)
        java = f"-Xms{HEAP_MB}m -Xmx{HEAP_MB if quick else HEAP_MOST_MB}m" + (f" {QUICK}" if quick else "")
        self._node: Handle = _container(settings, java) if containers else _process(folder, settings, java)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when all indices that it has can be read."""
        self._node.start()
        wait_until(self._ready, self._node, READY_S)

    def stop(self) -> None:
        self._node.stop(STOP_S)

    def kill(self) -> None:
        self._node.kill()

    def restart(self) -> None:
        """Of a node that runs or was killed."""
        self.stop()
        self.start()

    def pause(self) -> None:
        self._node.pause()

    def resume(self) -> None:
        self._node.resume()

    def close(self) -> None:
        """End it at once."""
        self._node.close()

    def _ready(self) -> bool:
        """Asked without the product's client, whose retries are not wanted here."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        try:
            asking.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
            return asking.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asking.close()


def _container(settings: dict[str, str], java: str) -> Container:
    return Container(ELASTIC_IMAGE, settings | {"ES_JAVA_OPTS": java})


def _process(folder: Path, settings: dict[str, str], java: str) -> Process:
    home, config, scratch = folder / "home", folder / "config", folder / "tmp"
    # A copy, because it writes beside its jars, and as another user it may not enter the cache of root.
    shutil.copytree(artefacts.elastic_home(), home, dirs_exist_ok=True)
    shutil.copytree(home / "config", config, dirs_exist_ok=True)
    scratch.mkdir(exist_ok=True)
    lines = settings | {"path.data": str(folder / "data"), "path.logs": str(folder / "logs")}
    (config / "elasticsearch.yml").write_text("".join(f"{name}: {value}\n" for name, value in lines.items()))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ES_JAVA_HOME": str(jdk()),
        "ES_JAVA_OPTS": java,
        "CLI_JAVA_OPTS": QUICK,  # of the launcher, which only waits
        "ES_PATH_CONF": str(config),
        "ES_TMPDIR": str(scratch),
    }
    return Process(
        [*_not_as_root(folder), str(home / "bin" / "elasticsearch")], environment, folder / "output.txt"
    )


def _not_as_root(folder: Path) -> list[str]:
    """Elasticsearch refuses to be root: what it reads and writes becomes nobody's, and so does the process."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Missing(
            "server: install setpriv (Debian: util-linux), or run the tests as another user than root"
        )
    closed = [str(above) for above in folder.resolve().parents if not above.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise Missing(
            f"server: Elasticsearch does not run as root, and other users may not enter {closed[0]}"
        )
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
