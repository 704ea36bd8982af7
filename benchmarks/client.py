"""Asks over loopback as cheaply as can be, so that what is measured is the server."""

import socket
import time
from contextlib import closing, suppress

BUFFER = 2**20


def fetch(port: int, path: str, **headers: str) -> tuple[float, int]:
    """GET over a new connection; return the seconds from the request to the last byte, and how many came."""
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n".encode()
    buffer, size = bytearray(BUFFER), 0
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        began = time.perf_counter()
        connection.sendall(request)
        while count := connection.recv_into(buffer):
            if not size and b" 200 " not in buffer[:20]:
                raise RuntimeError(f"{path}: {bytes(buffer[:60])!r}")
            size += count
        return time.perf_counter() - began, size


def body(port: int, path: str, **headers: str) -> bytes:
    """GET; return the body as it came."""
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{fields}\r\n".encode())
        parts = []
        while part := connection.recv(BUFFER):
            parts.append(part)
    return b"".join(parts).partition(b"\r\n\r\n")[2]


def seconds_until_healthy(port: int, began: float) -> float:
    """Return how long after `began` the exporter first answered."""
    while time.perf_counter() - began < 60:
        with suppress(OSError, RuntimeError):
            fetch(port, "/-/healthy")
            return time.perf_counter() - began
        time.sleep(0.002)
    raise RuntimeError("it never answered")


def free_port() -> int:
    """Return a port that is free now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
