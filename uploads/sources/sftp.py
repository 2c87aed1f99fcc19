"""A source on an SFTP server. Its host key is confirmed by a person once, and pinned; the file is looked at twice.

A file that is still being written has another size or time at the second look, and is left for the next try.
"""

import io
import logging
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, Final
from urllib.parse import unquote, urlsplit

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.conf import settings
from paramiko.ssh_exception import IncompatiblePeer

from config.outgoing import connect
from config.outgoing.refused import Refused
from uploads.models import Source
from uploads.pipeline import examine, receive
from uploads.sources import secrets
from uploads.sources.fetched import FOR_PEOPLE, Fetched, FetchFailed, Unchanged

PORT: Final = 22
PIECE: Final = 1024 * 1024  # asked for at once, so that a file comes as fast as the line lets it
# Longer ones are sent by nobody who speaks SSH as others do, and paramiko itself would take gigabytes: a packet of SSH,
# and an answer of SFTP to one of the requests that a piece is, 32 KB each.
PACKET_BYTES: Final = 256 * 1024
ANSWER_BYTES: Final = 64 * 1024
# What paramiko raises of a server that breaks off, or that sends what is no SSH or SFTP.
WRONG: Final = (
    paramiko.SSHException, paramiko.SFTPError, EOFError, OSError, ValueError, LookupError, TypeError, struct.error,
    UnsupportedAlgorithm,
)  # fmt: skip
_OPENSSH, _OPENSSL = serialization.PrivateFormat.OpenSSH, serialization.PrivateFormat.TraditionalOpenSSL
KEYS: Final = (
    (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key, _OPENSSH),
    (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey, _OPENSSL),
    (rsa.RSAPrivateKey, paramiko.RSAKey, _OPENSSL),
)
RSA: Final = ("rsa-sha2-512", "rsa-sha2-256")  # how a key that is called ssh-rsa signs
NO_KEY = "This is no private SSH key that we know: Ed25519, ECDSA or RSA."
UNKNOWN = "Nobody has confirmed the key of this server yet. Look at its fingerprint, and confirm it."
CHANGED = "The server has another key than was confirmed: it may be another server. Nothing was sent to it."
NOT_LET_IN = "The server doesn't let us in. Check the user, and the password or key."

# What goes wrong with a vendor's server is said in its run: paramiko would say it in our log, with tracebacks.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


def fetched(source: Source, into: BinaryIO) -> Fetched | Unchanged:
    """Raises FetchFailed."""
    parts = _parts(source.url)
    until = time.monotonic() + settings.SOURCE_SECONDS
    try:
        raw = connect.open_socket(parts[0], parts[1])
        with closing(raw), connect.within(raw, until - time.monotonic()) as over:
            try:
                with _session(source, raw) as session:
                    return _file(source, session, parts[2], into)
            except WRONG as error:
                if over.is_set():
                    message = f"{parts[0]} took longer than {settings.SOURCE_SECONDS:.0f} seconds."
                    raise FetchFailed("timeout", message, again=True) from error
                raise _in_words(parts[0], error) from error
    except Refused as refused:
        raise FetchFailed(refused.code, str(refused), again=refused.code not in FOR_PEOPLE) from refused


def _parts(url: str) -> tuple[str, int, str]:
    """Host, port and path of sftp://host:port/path. Raises FetchFailed."""
    try:
        found = urlsplit(url)
        host, port = found.hostname, found.port or PORT
    except ValueError:
        host, port = None, 0
    if not host or found.scheme != "sftp" or found.username is not None or len(found.path) < 2:
        raise FetchFailed("not_an_address", "An address has to be like sftp://files.example.com/folder/feed.csv.")
    path = unquote(found.path)
    if not path.isprintable():
        raise FetchFailed("not_an_address", "The path in the address has characters that names of files have not.")
    return host, port, path


class _Wire:
    """A connection from which no packet of more than PACKET_BYTES is read.

    The other side says how long a packet is, before it has proved who it is, and paramiko asks for all of that.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def recv(self, size: int) -> bytes:
        if size > PACKET_BYTES:
            raise EOFError(f"A packet of {size:,} bytes.")
        return bytes(self._raw.recv(size))


class _Session(paramiko.SFTPClient):
    """SFTP in which no answer has more than ANSWER_BYTES: paramiko keeps those that come before their turn."""

    def _read_all(self, n: int) -> bytes:
        if n > ANSWER_BYTES:
            self.close()  # what follows would be read as another answer
            raise paramiko.SFTPError(f"An answer of {n:,} bytes.")
        return bytes(super()._read_all(n))  # type: ignore[misc] # its stubs leave it out


@contextmanager
def _session(source: Source, raw: Any) -> Iterator[paramiko.SFTPClient]:
    """Signed in to the server that was confirmed. Raises FetchFailed."""
    wire: Any = _Wire(raw)
    with closing(paramiko.Transport(wire)) as transport:
        transport.banner_timeout = transport.auth_timeout = connect.CONNECT_SECONDS
        _prefer(transport, source.host_key)
        transport.start_client(timeout=connect.CONNECT_SECONDS)
        met = transport.get_remote_server_key()
        key = f"{met.get_name()} {met.get_base64()}"
        if not source.host_key:
            raise FetchFailed("host_key_unknown", UNKNOWN, host_key=key)
        if key != source.host_key:
            raise FetchFailed("host_key_changed", CHANGED, host_key=key)
        _sign_in(source, transport)
        session = _Session.from_transport(transport)
        if session is None:
            raise FetchFailed("not_sftp", "The server lets us in, but has no SFTP.")
        with closing(session):
            yield session


def _prefer(transport: paramiko.Transport, host_key: str) -> None:
    """Of a server that has several keys, ask for the one that was confirmed: another one that it got since is no
    change of it."""
    kind = host_key.partition(" ")[0]
    names, options = (RSA if kind == "ssh-rsa" else (kind,)), transport.get_security_options()
    first = [name for name in options.key_types if name in names]
    options.key_types = [*first, *(name for name in options.key_types if name not in names)]


def _sign_in(source: Source, transport: paramiko.Transport) -> None:
    known = secrets.of(source)
    try:
        if source.auth == Source.Auth.KEY:
            transport.auth_publickey(source.user_name, private_key(known.get("key", "")))
        else:
            transport.auth_password(source.user_name, known.get("password", ""))
    except paramiko.AuthenticationException as error:
        if not transport.is_active():  # it was cut off, which paramiko calls the same
            raise
        raise FetchFailed("not_let_in", NOT_LET_IN) from error


def private_key(text: str) -> paramiko.PKey:
    """A key as OpenSSH or PEM has it. Raises FetchFailed.

    Read by cryptography, and written anew for paramiko, which reads fewer forms, and not every key of ECDSA.
    """
    data = text.replace("\r\n", "\n").strip().encode() + b"\n"
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    try:
        key = load(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if "password" in str(error).lower():
            message = "The SSH key is locked with a passphrase. Make one without for this."
            raise FetchFailed("key_locked", message) from error
        raise FetchFailed("no_key", NO_KEY) from error
    for kind, read, form in KEYS:
        if isinstance(key, kind):
            pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            return read.from_private_key(io.StringIO(pem.decode()))
    raise FetchFailed("no_key", NO_KEY)


def _file(source: Source, session: paramiko.SFTPClient, path: str, into: BinaryIO) -> Fetched | Unchanged:
    found = _looked_at(session, path)
    size, changed = int(found.st_size or 0), int(found.st_mtime or 0)
    if (size, changed) == (source.remote_size, source.remote_time):
        return Unchanged()
    if size > settings.MAX_FILE_BYTES:
        raise FetchFailed("too_large", f"The file is larger than {settings.MAX_FILE_BYTES // (1024 * 1024):,} MB.")
    with session.open(path, "rb") as file:
        # Piece by piece, where paramiko's prefetch of all of it leaves a thread behind for good if the line breaks.
        read = 0
        while read < size and (piece := next(file.readv([(read, min(PIECE, size - read))]), b"")):
            read += len(piece)
            into.write(piece)
    again = _looked_at(session, path)
    if (int(again.st_size or 0), int(again.st_mtime or 0)) != (size, changed) or read != size:
        message = "The file was being written while it was read. It is fetched when it is whole."
        raise FetchFailed("still_written", message, again=True)
    contents = examine.examine(into)
    return Fetched(
        contents.size, contents.sha256, remote_size=size, remote_time=changed, file_name=receive.base_name(path)
    )


def _looked_at(session: paramiko.SFTPClient, path: str) -> paramiko.SFTPAttributes:
    try:
        found = session.stat(path)
    except FileNotFoundError as error:
        raise FetchFailed("not_there", f"There is no file {path} on the server.", again=True) from error
    except PermissionError as error:
        raise FetchFailed("not_let_in", f"The server doesn't let this user read {path}.") from error
    if not stat.S_ISREG(found.st_mode or 0):
        raise FetchFailed("no_file", f"{path} is no file. Name one, not a folder.")
    return found


def _in_words(host: str, error: Exception) -> FetchFailed:
    if isinstance(error, PermissionError):
        return FetchFailed("not_let_in", NOT_LET_IN)
    if isinstance(error, paramiko.SSHException) and "banner" in str(error).lower():
        return FetchFailed("not_sftp", f"What answers at {host} doesn't speak SSH.", again=True)
    if isinstance(error, IncompatiblePeer):
        return FetchFailed("not_sftp", f"{host} offers only ciphers or keys that aren't safe any more.")
    return FetchFailed("broken_off", f"{host} broke off before the end.", again=True)
