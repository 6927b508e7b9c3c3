"""A TCP proxy between a gateway and its venue: cuts, stalls and doubles what passes, loses answers."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AT_ONCE = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset
UPGRADED, HEAD_END = b"HTTP/1.1 101", b"\r\n\r\n"
TEXT, SHORT, LONG = 1, 126, 127


class Proxy:
    """Passes bytes on until told otherwise."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.orders = "POST /"  # how the requests begin whose answers may be lost
        self.losing_answers = False
        self.resetting_answers = False  # half of an answer to an order, then a reset
        self.doubling = False  # every message of a stream comes twice
        self._answers, self._bytes = threading.Event(), threading.Event()
        self._answers.set()
        self._bytes.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection there is; new ones are passed on."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._end(*pair)

    def hold_answers(self) -> None:
        """Keep the answers to orders back until `release`."""
        self._answers.clear()

    def freeze(self) -> None:
        """Let nothing pass either way until `release`, though every connection stands."""
        self._bytes.clear()

    def release(self) -> None:
        """Pass on what was kept back, and all that comes."""
        self.losing_answers = self.resetting_answers = self.doubling = False
        self._answers.set()
        self._bytes.set()

    def close(self) -> None:
        self.release()
        self._end(self._listener)
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                venue = socket.create_connection(("127.0.0.1", self._upstream_port))
                self._pairs.append((client, venue))
                asked: list[bytes] = []
                for pump, source, sink in ((self._ask, client, venue), (self._answer, venue, client)):
                    threading.Thread(target=pump, args=(source, sink, asked), daemon=True).start()

    def _ask(self, client: socket.socket, venue: socket.socket, asked: list[bytes]) -> None:
        with suppress(OSError):
            while data := client.recv(AT_ONCE):
                asked.append(data[: len(self.orders)])
                self._bytes.wait()
                venue.sendall(data)
        self._end(client, venue)

    def _answer(self, venue: socket.socket, client: socket.socket, asked: list[bytes]) -> None:
        stream = Doubled()
        with suppress(OSError):
            while data := venue.recv(AT_ONCE):
                self._bytes.wait()
                if self.orders.encode() in asked:
                    self._answers.wait()
                    if self.losing_answers:
                        break
                    if self.resetting_answers:
                        client.sendall(data[: len(data) // 2])
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        client.shutdown(socket.SHUT_RD)  # wakes who reads it: then closing is at once
                        break
                client.sendall(stream.pass_on(data, self.doubling))
        self._end(venue, client)

    def _end(self, *pair: socket.socket) -> None:
        for one in pair:
            with suppress(OSError):
                if not one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
                    one.shutdown(socket.SHUT_RDWR)
            one.close()


class Doubled:
    """One connection's bytes from the venue; of an upgraded one it knows where each message ends."""

    def __init__(self) -> None:
        self._rest = b""
        self._upgraded = False

    def pass_on(self, data: bytes, doubling: bool) -> bytes:
        """Give what is to be passed on, each whole text message twice where `doubling`."""
        passed = b""
        if not self._upgraded:
            if not data.startswith(UPGRADED):
                return data
            self._upgraded = True
            head, end, data = data.partition(HEAD_END)
            passed = head + end
        self._rest += data
        while size := _message_size(self._rest):
            message, self._rest = self._rest[:size], self._rest[size:]
            passed += message * (2 if doubling and message[0] & 0x0F == TEXT else 1)
        return passed


def _message_size(data: bytes) -> int:
    """Give the size of the whole unmasked frame that bytes begin with; 0 while some of it is missing."""
    length = data[1] & 0x7F if len(data) > 1 else SHORT
    head = {SHORT: 4, LONG: 10}.get(length, 2)
    if len(data) < head:
        return 0
    size = head + (int.from_bytes(data[2:head], "big") if head > 2 else length)
    return size if len(data) >= size else 0


@contextmanager
def running_proxy(upstream_port: int) -> Iterator[Proxy]:
    """Give a proxy on a free port until the block ends."""
    proxy = Proxy(upstream_port)
    try:
        yield proxy
    finally:
        proxy.close()
