"""A server on loopback that answers what a test says, with a certificate of an authority of the test's own."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.0/8"


@dataclass
class Asked:
    """What the server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Server:
    """`answer` does what the test wants with a request; `asked` has all that came."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] = field(default=lambda request: reply(request))  # noqa: PLW0108 - reply is below


def reply(request: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"ok", **headers: str) -> None:
    """An ordinary answer; `Content_Type` is the header Content-Type."""
    request.send_response(status)
    known = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in {"Content-Length": str(len(body)), **known}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Server]:
    """A server, over TLS where there is a certificate (`authority`)."""
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name: str(value) for name, value in self.headers.items()}
            server.asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
            server.answer(self)
            self.close_connection = True

        do_POST = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *arguments: Any) -> None:
            return None

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: Any) -> None:
            return None  # who asked has gone away, which is what some tests are about

    listening = Quiet(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    server.url = f"http{'s' if certificate else ''}://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


def authority(folder: Path, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """The file of an authority's certificate, and one with a certificate for this host and its key."""
    issuer_key = ec.generate_private_key(ec.SECP256R1())
    issuer = _certificate("authority of a test", issuer_key, None)
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate(host, key, (issuer, issuer_key))
    ca, chain = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(issuer.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(own.public_bytes(serialization.Encoding.PEM) + private)
    return ca, chain


def _certificate(name: str, key: Any, signer: tuple[x509.Certificate, Any] | None) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer[0].subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if signer:
        try:
            names: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            names = x509.DNSName(name)
        built = built.add_extension(x509.SubjectAlternativeName([names]), critical=False)
        built = built.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer[1].public_key()), critical=False
        )
    return built.sign(signer[1] if signer else key, hashes.SHA256())
