"""The port of a role's process: `/metrics` for Prometheus, `/healthz` (it is alive), `/readyz` (it can do its work)."""

import logging
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any, Final, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from ecovigil.meters import Meters
from ecovigil.settings import MetricsSettings

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
WELL: Final = "200 OK"
UNWELL: Final = "503 Service Unavailable"

log = logging.getLogger(__name__)


class MetricsPort:
    """Answers while the body of `with` runs; opens nothing where the settings name no port.

    Where the port is taken another one is opened and said: a role must not fail because nobody can look at it.
    """

    def __init__(self, settings: MetricsSettings, meters: Meters) -> None:
        self._settings = settings
        self._meters = meters
        self._metrics = make_wsgi_app(meters.registry)
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is open, 0 where none is."""
        return self._server.server_port if self._server is not None else 0

    def __enter__(self) -> Self:
        if self._settings.port:
            self._server = self._opened()
            self._server.set_app(self._answer)
            self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _opened(self) -> WSGIServer:
        bind, port = self._settings.bind, self._settings.port
        try:
            return _Server((bind, port), _Silent)
        except OSError as error:
            server = _Server((bind, 0), _Silent)
            log.warning("metrics: port %s: %s; %s is open instead", port, error.strerror, server.server_port)
            return server

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/healthz":
            return _said(start_response, [] if self._meters.health.is_alive() else ["the loop stands still"])
        if path == "/readyz":
            return _said(start_response, self._meters.health.missing())
        if path == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start_response)
            return answer
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"/metrics /healthz /readyz\n"]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a request, so that a slow reader keeps nobody waiting."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    """Writes no line a request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _said(start_response: StartResponse, missing: list[str]) -> list[bytes]:
    start_response(UNWELL if missing else WELL, [("Content-Type", "text/plain; charset=utf-8")])
    return ["".join(f"missing: {name}\n" for name in missing).encode() or b"ok\n"]
