"""TLS in front of a service that has none, as far as a client can tell: certificates, and who ends TLS with them."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ASKS_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # what PostgreSQL's clients send first, and wait for an S


class Authority:
    """One that signs certificates; `path` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(self._name, self._key).add_extension(basic, critical=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def signed(self, host: str) -> Path:
        """A certificate for that host, with its key, in a file."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = self._builder(x509.Name([]), key).add_extension(names, critical=True)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._folder / f"{self.path.stem}-{host}.pem"
        path.write_bytes(private + _pem(certificate.sign(self._key, hashes.SHA256())))
        return path

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        begun = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        return begun.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@contextmanager
def in_front(host: str, port: int, certificate: Path, *, postgresql: bool = False) -> Iterator[int]:
    """Yields the port on which that service is to be had by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(
            target=_accept, args=[listening, (host, port), context, postgresql], daemon=True
        ).start()  # fmt: skip
        yield listening.getsockname()[1]


def _accept(listening: socket.socket, service: tuple[str, int], context: ssl.SSLContext, postgresql: bool) -> None:
    with suppress(OSError):  # it was closed
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_pass_on, args=[client, service, context, postgresql], daemon=True).start()


def _pass_on(client: socket.socket, service: tuple[str, int], context: ssl.SSLContext, postgresql: bool) -> None:
    """Both ways until one side ends it. A client that doesn't like the certificate ends it at once."""
    with suppress(OSError), client:
        if postgresql:
            if client.recv(len(ASKS_FOR_TLS)) != ASKS_FOR_TLS:
                return
            client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as inside, socket.create_connection(service) as outside:
            threading.Thread(target=_copy, args=[outside, inside], daemon=True).start()
            _copy(inside, outside)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
