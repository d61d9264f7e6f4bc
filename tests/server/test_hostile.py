"""Clients that are slow, go away, or send too much: each is refused or given up, and the next request is served."""

import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from pixelproof.server.limits import Limits
from tests.support.photos import encoded, picture
from tests.support.servers.photos import serving

PHOTO = encoded(picture(), "PNG")
LIMITS = Limits(bytes=200_000, photos=4, megapixels=1, seconds=1.0, waiting=8)
MB = 1_000_000


@pytest.fixture(scope="module")
def strict() -> Iterator[str]:
    """A server with low limits."""
    with serving(LIMITS) as address:
        yield address


def check_serves(address: str) -> None:
    """Every refusal must leave the server as it was."""
    assert requests.post(f"{address}/predict", data=PHOTO, timeout=30).json()["answers"][0]["label"]


def connect(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: %d\r\n\r\n"


def test_a_declared_giant_is_refused_before_it_is_sent(strict: str) -> None:
    """Else it would be read for nothing."""
    with connect(strict) as client:
        client.sendall(HEAD % 100_000_000)
        assert client.recv(1000).startswith(b"HTTP/1.1 413")
    check_serves(strict)


def test_a_slow_client_is_given_up(strict: str) -> None:
    """Else a hundred of them would hold the server for good."""
    with connect(strict) as client:
        client.sendall(HEAD % 1000 + b"begun")
        began = time.monotonic()
        assert client.recv(1000).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < 20
    check_serves(strict)


def test_a_client_that_goes_costs_nothing(strict: str) -> None:
    """Connections of phones break off."""
    for sent in (b"POST /pre", HEAD % 1000 + b"begun", HEAD % len(PHOTO) + PHOTO):
        with connect(strict) as client:
            client.sendall(sent)
    check_serves(strict)


def test_a_body_without_end_is_refused_on_the_way(strict: str) -> None:
    """100 MB that declare no length: to read them all would fill the memory."""
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"f4240\r\n" + bytes(MB) + b"\r\n"
    with connect(strict) as client:
        client.sendall(head)
        sent = 0
        try:
            for _ in range(100):
                client.sendall(chunk)
                sent += MB
            said = client.recv(1000)
        except (BrokenPipeError, ConnectionResetError):  # closed while this still sends
            said = b"HTTP/1.1 413"
        assert said.startswith(b"HTTP/1.1 413")
        assert sent < 50 * MB
    check_serves(strict)


def test_heads_that_never_end_hold_nobody_up(strict: str) -> None:
    """A byte now and then, on many connections, would fill the server's places for good (slowloris)."""
    with ExitStack() as clients:
        slow = [clients.enter_context(connect(strict)) for _ in range(60)]
        for client in slow[:30]:
            client.sendall(b"POST /predict HTTP/1.1\r\nx-slow: ")
        answered = slow[30]  # and one that begins to be slow after a good request
        answered.sendall(HEAD % len(PHOTO) + PHOTO)
        assert answered.recv(1000).startswith(b"HTTP/1.1 200")
        answered.sendall(b"POST /pre")
        began, open_ones = time.monotonic(), set(slow)
        while open_ones and time.monotonic() - began < 20:
            check_serves(strict)
            open_ones = {client for client in open_ones if not is_closed(client)}
        assert not open_ones, f"{len(open_ones)} connections are still open"


def is_closed(client: socket.socket) -> bool:
    client.settimeout(0.01)
    try:
        client.sendall(b"x")  # the next byte of the head
        while client.recv(1000):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_a_request_that_takes_its_time_within_the_limit_is_answered(strict: str) -> None:
    """Phones in trains send in pieces, and a connection that waits for its next request is not slow."""
    request = HEAD % len(PHOTO) + PHOTO
    with connect(strict) as client:
        for _ in range(2):
            for start in range(0, len(request), 1 + len(request) // 4):
                client.sendall(request[start : start + 1 + len(request) // 4])
                time.sleep(0.1)
            assert client.recv(10_000).startswith(b"HTTP/1.1 200")
            time.sleep(0.2)


def test_a_header_that_declares_a_giant_is_refused_by_what_it_says(strict: str) -> None:
    """60,000 x 60,000 pixels are 10 GB; the file is 100 bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    for path in ("predict", "explain"):
        refused = requests.post(f"{strict}/{path}", data=b"\x89PNG\r\n\x1a\n" + body, timeout=30)
        assert refused.status_code == 422
        assert "decompression bomb" in refused.text
    check_serves(strict)
