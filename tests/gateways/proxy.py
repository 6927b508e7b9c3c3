"""A TCP proxy between a gateway and its venue: cuts connections, and loses answers to orders."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AT_ONCE = 65536


class Proxy:
    """Passes bytes on until told otherwise."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.orders = "POST /"  # how the requests begin whose answers may be lost
        self.losing_answers = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection there is; new ones are passed on."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._end(*pair)

    def close(self) -> None:
        self._end(self._listener)
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                venue = socket.create_connection(("127.0.0.1", self._upstream_port))
                self._pairs.append((client, venue))
                asked: list[bytes] = []
                for source, sink in ((client, venue), (venue, client)):
                    threading.Thread(
                        target=self._pump, args=(source, sink, client, asked), daemon=True
                    ).start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, client: socket.socket, asked: list[bytes]
    ) -> None:
        with suppress(OSError):
            while data := source.recv(AT_ONCE):
                if source is client:
                    asked.append(data[: len(self.orders)])
                elif self.losing_answers and self.orders.encode() in asked:
                    break
                sink.sendall(data)
        self._end(source, sink)

    def _end(self, *pair: socket.socket) -> None:
        for one in pair:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def running_proxy(upstream_port: int) -> Iterator[Proxy]:
    """Give a proxy on a free port until the block ends."""
    proxy = Proxy(upstream_port)
    try:
        yield proxy
    finally:
        proxy.close()
