"""A small server for the files of a program that runs in a browser, at an address of its own."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Files(SimpleHTTPRequestHandler):
    """The files of a folder, and STAC Browser's settings as the script that it asks for."""

    def __init__(self, *told: Any, config: bytes, **more: Any) -> None:
        self.config = config
        super().__init__(*told, **more)

    def do_GET(self) -> None:
        """`config.js` is made up, everything else is a file."""
        if self.path.partition("?")[0] != "/config.js":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("content-type", "text/javascript")
        self.send_header("content-length", str(len(self.config)))
        self.end_headers()
        self.wfile.write(self.config)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at the browser."""


@contextmanager
def served(folder: Path, settings: dict[str, Any]) -> Iterator[str]:
    """The address of a server for that folder; it is gone afterwards."""
    config = f"window.STAC_BROWSER_CONFIG = {json.dumps(settings)};".encode()
    handler = functools.partial(Files, config=config, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
