"""A web server over TLS on this machine, and what may go wrong with an answer of it."""

import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

Answer = Callable[[BaseHTTPRequestHandler], None]

TRUSTED = "SSL_CERT_FILE"
"""The environment variable with the file of the certificates that are trusted."""


def sends(content: bytes, length: int | None = None) -> Answer:
    """Answer with `content`, of which the header says that it is so long."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content) if length is None else length))
        request.end_headers()
        request.wfile.write(content)

    return answer


def streams(content: bytes) -> Answer:
    """Answer with `content` up to the end of the connection: its length is not said."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    return answer


def stops_within_a_chunk(content: bytes) -> Answer:
    """Answer in chunks, and end within the first one."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n" % (2 * len(content)) + content)

    return answer


def redirects(url: str) -> Answer:
    """Answer that the file is elsewhere; `url` may be a path on this server."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", url)
        request.end_headers()

    return answer


def says(status: int) -> Answer:
    """Answer with a status of its own, such as 404."""
    return lambda request: request.send_error(status)


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    """Do not answer at all."""


@contextmanager
def serving(
    answers: Mapping[str, Answer], certificate: tuple[Path, Path] | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield the server's address, and the paths that it has been asked for.

    `certificate`: the files of it and of its key; None serves without TLS.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.close_connection = True
            answers.get(self.path, says(404))(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        scheme = "https" if certificate else "http"
        yield f"{scheme}://localhost:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of `localhost` that vouches for itself, and its key; needs openssl."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-out", str(certificate), "-keyout", str(key))
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *name, *files], check=True, capture_output=True
    )
    return certificate, key
