"""An SFTP server on loopback, with the files of a folder."""

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "mia", "a password of SFTP"


@dataclass
class SftpServer:
    """Where it is; `host_key` as a source keeps it, `user_key` a private key that it lets in."""

    url: str
    host_key: str
    user_key: str
    logins: list[str]


@contextmanager
def serving(folder: Path, port: int = 0, more_keys: Sequence[Any] = ()) -> Iterator[SftpServer]:
    """A server for USER with PASSWORD or the key; its root is the folder. `more_keys` are host keys beside its own."""
    host, user = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    logins: list[str] = []

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            logins.append(f"password {username}")
            return (username, password) == (USER, PASSWORD)

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            logins.append(f"key {username}")
            return username == USER and key.export_public_key() == user.export_public_key()

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=os.fsencode(folder))

    loop, ready, found = asyncio.new_event_loop(), threading.Event(), []

    async def listen() -> None:
        server = await asyncssh.listen(
            "127.0.0.1", port, server_host_keys=[*more_keys, host], server_factory=Door, sftp_factory=Files
        )
        found.append(server.get_port())
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(listen())
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30), "the SFTP server starts"
    public = " ".join(host.export_public_key().decode().split()[:2])
    try:
        yield SftpServer(f"sftp://127.0.0.1:{found[0]}", public, user.export_private_key().decode(), logins)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
