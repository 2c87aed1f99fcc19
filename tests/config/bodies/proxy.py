"""deploy/nginx.conf for a real nginx on this machine: with other ports and a certificate of its own."""

import datetime
import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.embedded import processes
from tests.config.bodies.serving import SECONDS, opened
from tests.live import eventually

CONF = processes.ROOT / "deploy" / "nginx.conf"
NAME = "onboarding.example.com"
NGINX = os.environ.get("NGINX_BINARY") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def main_file(folder: Path, included: Path) -> Path:
    """What /etc/nginx/nginx.conf is, around the file that goes into its http block."""
    user = "user root;\n" if os.geteuid() == 0 else ""
    kept = "".join(f"    {name}_temp_path {folder / 'kept'};\n" for name in TEMPORARY)
    path = folder / "main.conf"
    path.write_text(
        f"{user}daemon off;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'nginx.log'};\nevents {{}}\n"
        f"http {{\n    access_log off;\n{kept}    include {included};\n}}\n"
    )
    return path


def here(folder: Path, site: int, tls: int, plain: int) -> Path:
    """The configuration with these ports: of gunicorn, of TLS, and of what leads there."""
    _certificate(folder)
    text = CONF.read_text()
    for before, after in (
        ("127.0.0.1:8000", f"127.0.0.1:{site}"),
        ("listen 443", f"listen 127.0.0.1:{tls}"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("/etc/ssl/onboarding.pem", str(folder / "certificate.pem")),
        ("/etc/ssl/private/onboarding.key", str(folder / "key.pem")),
        ("/srv/onboarding/staticfiles/", f"{folder / 'static'}/"),
    ):
        assert before in text
        text = text.replace(before, after)
    path = folder / "onboarding.conf"
    path.write_text(text)
    return main_file(folder, path)


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "certificate.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, plain))


@contextmanager
def proxying(folder: Path, site: int) -> Iterator[int]:
    """nginx in front of what listens on that port; yields its own, for TLS."""
    tls = processes.first_free(0)
    assert NGINX
    folder.mkdir()
    main = here(folder, site, tls, processes.first_free(0))
    process = subprocess.Popen([NGINX, "-c", str(main), "-e", str(folder / "nginx.log")])
    try:
        eventually(lambda: process.poll() is not None or _listens(tls), "nginx answers", SECONDS)
        assert process.poll() is None, (folder / "nginx.log").read_text()
        yield tls
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    try:
        opened(port, b"").close()
    except ConnectionRefusedError:
        return False
    return True


def secure(port: int, sent: bytes, name: str = NAME) -> ssl.SSLSocket:
    """A connection with TLS on which that was sent, and which stays open. Raises ssl.SSLError."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    browser = context.wrap_socket(opened(port, b""), server_hostname=name)
    browser.sendall(sent)
    return browser
