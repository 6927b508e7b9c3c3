"""A wire with a clock: relays TCP and notes when a request went in and its answer came out."""

import socket
import threading
import time
from collections.abc import Callable


class Tap:
    """Stands between PM and a trader; `requests` and `answers` hold perf_counter times of PUTs."""

    def __init__(self, port: int, target: int) -> None:
        self.target = target
        self.requests: list[float] = []
        self.answers: list[float] = []
        self._server = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no further connection."""
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        try:
            trader = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        trader.settimeout(None)
        awaited = threading.Event()

        def going(part: bytes) -> None:
            if part.startswith(b"PUT "):
                self.requests.append(time.perf_counter())
                awaited.set()

        def coming(_: bytes) -> None:
            if awaited.is_set():
                awaited.clear()
                self.answers.append(time.perf_counter())

        threading.Thread(target=relay, args=(client, trader, going), daemon=True).start()
        relay(trader, client, coming)


def relay(source: socket.socket, target: socket.socket, note: Callable[[bytes], None]) -> None:
    """Pass on bytes until one side ends; each part is noted before it goes on."""
    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while part := source.recv(65536):
            note(part)
            target.sendall(part)
    except OSError:
        pass
    finally:
        for end in (source, target):
            end.close()
