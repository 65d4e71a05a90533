"""`make servers`: one Kafka cluster and one Elasticsearch node for a developer, until Ctrl-C; their data is kept."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.servers.elastic import ElasticServer
from tests.servers.kafka import HEAP_MB, KafkaServer
from tests.servers.ports import listening
from tests.servers.process import NotReady
from tests.servers.session import start
from tests.servers.tools import Missing


def options() -> argparse.ArgumentParser:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="make servers ARGS=...", description=__doc__)
    parser.add_argument("--brokers", type=int, choices=sorted(HEAP_MB), default=1, help="of Kafka")
    parser.add_argument("--kafka-port", type=int, default=9092, help="of the first broker; others follow")
    parser.add_argument("--elastic-port", type=int, default=9200)
    parser.add_argument(
        "--data", type=Path, default=Path("stacfed-data/servers"), help="the folder with their data"
    )
    return parser


def exports(bootstrap: str, url: str) -> str:
    """What to tell a node and the tests; for a shell."""
    return "\n".join(
        [
            f"export STACFED_LOG_URL=kafka://{bootstrap}/stacfed",
            f"export STACFED_STORE_URL={url}/stacfed",
            f"export STACFED_TEST_KAFKA={bootstrap}",
            f"export STACFED_TEST_ELASTIC={url}",
        ]
    )


def serve(data: Path, brokers: int, kafka_port: int, elastic_port: int) -> None:
    """Start both, say so, and wait for an interruption; whatever happens, both are stopped."""
    with ExitStack() as running:
        # A data folder per number of brokers: a cluster does not change its size by itself.
        kafka = start(KafkaServer(data / f"kafka-{brokers}", brokers, port=kafka_port))
        running.callback(kafka.stop)
        elastic = start(ElasticServer(data / "elasticsearch", port=elastic_port))
        running.callback(elastic.stop)
        print(exports(kafka.bootstrap, elastic.url), flush=True)
        print("# both are ready; Ctrl-C stops them", flush=True)
        signal.pause()


def main(arguments: list[str] | None = None) -> str | None:
    """Returns what went wrong."""
    chosen = options().parse_args(arguments)
    wanted = [*range(chosen.kafka_port, chosen.kafka_port + chosen.brokers), chosen.elastic_port]
    used = [str(port) for port in wanted if listening(port)]
    if used:
        return f"in use: port {', '.join(used)}; choose others with --kafka-port and --elastic-port"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        serve(chosen.data.resolve(), chosen.brokers, chosen.kafka_port, chosen.elastic_port)
    except (Missing, NotReady) as error:
        return str(error)
    except KeyboardInterrupt:
        pass
    return None


if __name__ == "__main__":
    sys.exit(main())
