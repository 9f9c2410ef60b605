"""A receiver of webhooks that notes when each notification came: `python -m benchmarks.receiver`.

Prints its address, then, once a line comes on standard input, every delivery as JSON.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

HOST: Final = "127.0.0.1"


class Receiver(ThreadingHTTPServer):
    """Keeps (seconds since 1970, Idempotency-Key, body) of each delivery."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), Answer)
        self.deliveries: list[tuple[float, str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://{HOST}:{self.server_port}/"


class Answer(BaseHTTPRequestHandler):
    """Answers 204, over a connection that stays open."""

    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        """Note a delivery."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.deliveries.append((time.time(), self.headers["Idempotency-Key"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Receive until a line comes."""
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
    print(json.dumps({"url": receiver.url}), flush=True)
    sys.stdin.readline()
    print(json.dumps({"deliveries": receiver.deliveries}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
