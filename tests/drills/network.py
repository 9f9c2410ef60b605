"""The network of a drill: TCP links between roles and servers that can be cut, stalled, slowed and healed."""

import asyncio
import socket
import struct
import threading
from typing import Final, Self

HOST: Final = "127.0.0.1"
CHUNK: Final = 65_536
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset, as of a host that has gone."""


class Link:
    """One way to one server: listens on `port`, and passes on to `target` what the state of the link allows."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: int) -> None:
        self.port = 0
        self._target = target
        self._loop = loop
        self._open = asyncio.Event()
        self._open.set()
        self._delay_s = 0.0
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server

    async def listen(self) -> Self:
        """Take a free port."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def cut(self) -> None:
        """Reset all connections, and those that are tried, until healed."""
        self._now(is_cut=True, is_open=True, delay_s=0.0)

    def stall(self) -> None:
        """Pass nothing on until healed, while connections seem to stand: packets that get lost."""
        self._now(is_cut=False, is_open=False, delay_s=0.0)

    def slow(self, delay_s: float) -> None:
        """Hold each piece back for so long, in both directions, until healed."""
        self._now(is_cut=False, is_open=True, delay_s=delay_s)

    def heal(self) -> None:
        """Pass everything on again."""
        self._now(is_cut=False, is_open=True, delay_s=0.0)

    async def close(self) -> None:
        """Stop listening and reset everything."""
        self._server.close()
        self._reset_all()

    def _now(self, *, is_cut: bool, is_open: bool, delay_s: float) -> None:
        done = asyncio.run_coroutine_threadsafe(self._change(is_cut, is_open, delay_s), self._loop)
        done.result(10)

    async def _change(self, is_cut: bool, is_open: bool, delay_s: float) -> None:
        self._is_cut, self._delay_s = is_cut, delay_s
        (self._open.set if is_open else self._open.clear)()
        if is_cut:
            self._reset_all()

    def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            _reset(writer)
            return
        try:
            there, back = await asyncio.open_connection(HOST, self._target)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Move one direction until it ends; then the whole connection ends, for both sides alike."""
        try:
            while data := await reader.read(CHUNK):
                await self._wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _wait(self) -> None:
        if self._delay_s:
            held = self._loop.create_future()
            self._loop.call_later(self._delay_s, held.set_result, None)
            await held
        await self._open.wait()


class Network:
    """A context with a thread of its own that moves the bytes of all links."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._links: list[Link] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._links:
            self._done(link.close())
        self._done(_end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def link(self, target: int) -> Link:
        """Return a new link to a port of this machine."""
        link = self._done(Link(self._loop, target).listen())
        self._links.append(link)
        return link

    def _done(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


async def _end_tasks() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
