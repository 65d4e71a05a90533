"""Exit code 0 when the process of this container answers 200: `python health.py /ready`. The image has no curl."""

from __future__ import annotations

import http.client
import os
import sys

WAIT_S = 4


def main(path: str) -> int:
    """The exit code; the reason of a failure goes to stdout, where the engine keeps it."""
    # Not urllib: it would ask the proxy that the environment may name.
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["STACFED_PORT"]), timeout=WAIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status == 200:
            return 0
        print(answer.status, answer.read(2000).decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        print(type(error).__name__, error)
    finally:
        connection.close()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
