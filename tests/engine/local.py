"""AWS's DynamoDB Local: fetched once with npm, started for a test session, gone with it.

It is a Java program that Amazon gives away for tests; the npm package carries it unchanged. Nothing but tests needs it:
where it can't be had they are skipped with the reason, which `Absent` says.
"""

import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from threading import Thread, Timer
from typing import IO, TYPE_CHECKING

from config.embedded.processes import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# DynamoDB Local 1.25.1, of November 2024. For another version: npm view PACKAGE dist.integrity
PACKAGE = "amplify-dynamodb-simulator@2.9.30"
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
INSIDE = "package/emulator/"  # where the program lies in the package
FOLDER = ROOT / "var" / "dynamodb-local" / PACKAGE.rpartition("@")[2]
LAUNCHER = Path(__file__).with_name("Local.java")
FETCH_SECONDS = 180
START_SECONDS = 60
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")  # half the time: 2 s
# What Java says where it is no JDK, or too old for the engine or the launcher.
TOO_LITTLE_JAVA = ("jdk.compiler", "UnsupportedClassVersionError", "Could not find or load main class")


def roll_shards(dynamodb: "DynamoDBClient") -> None:
    """Close every open shard and open its child, as AWS does about every four hours: in the client's own database."""
    _control(dynamodb, ACTION="ROLLOVER")


def let_pass(dynamodb: "DynamoDBClient", hours: int) -> None:
    """All that is in the streams becomes so much older: iterators expire, shards roll, records are trimmed."""
    _control(dynamodb, ACTION="DILATE_TIME", HOURS=str(hours))


def _control(dynamodb: "DynamoDBClient", **request: str) -> None:
    """How DynamoDB Local is told such things: its makers' own test control, which the launcher turns on."""
    dynamodb.put_item(TableName="[TEST_CONTROL]", Item={name: {"S": value} for name, value in request.items()})


class Absent(Exception):
    """The engine can't be had on this machine; the message says why."""


def fetched() -> Path:
    """The folder of the unpacked program; the first who asks fetches its 57 MB. Raises Absent."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with (FOLDER.parent / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers wait, and find it; the kernel ends it with its holder
        if not FOLDER.exists():
            with tempfile.TemporaryDirectory(dir=FOLDER.parent) as name:
                _unpack(_packed(Path(name)), Path(name) / "unpacked")
                (Path(name) / "unpacked").rename(FOLDER)  # whole or not at all
    return FOLDER


def _packed(folder: Path) -> Path:
    """The package as the registry has it, which must be the one that we know. Raises Absent."""
    command = [_tool("npm"), "pack", PACKAGE, "--silent", "--ignore-scripts", "--fetch-retries=1"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Absent(f"npm didn't fetch {PACKAGE} within {FETCH_SECONDS} s") from None
    found = list(folder.glob("*.tgz"))
    if done.returncode or not found:
        raise Absent(f"npm couldn't fetch {PACKAGE}: {_last_line(done.stderr)}")
    with found[0].open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if digest != SHA512:
        raise ValueError(f"What npm fetched as {PACKAGE} isn't what we know by that name: its sha512 is {digest}")
    return found[0]


def _unpack(package: Path, folder: Path) -> None:
    """Only the program, without its libraries for Windows; what else is in the package isn't for us."""
    with tarfile.open(package) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(INSIDE) and not member.name.endswith(".dll"):
                path, content = folder / member.name.removeprefix(INSIDE), archive.extractfile(member)
                assert content, "it is a file"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())  # Python 3.11.0 to 3.11.3 know no filters of what is extracted


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Absent(f"There is no {name} on this machine")
    return path


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it didn't say why"])[-1]


class Local:
    """The engine's process. It holds a database in memory for each access key that it hears of."""

    def __init__(self) -> None:
        """Start it; returns when it listens. Raises Absent."""
        java, folder = _tool("java"), fetched()
        self._process = subprocess.Popen(
            [java, *QUICK_START, f"-Djava.library.path={folder}/DynamoDBLocal_lib",
             "-cp", f"{folder}/DynamoDBLocal.jar:{folder}/DynamoDBLocal_lib/*", str(LAUNCHER)],
            env={**os.environ, "DDB_LOCAL_TELEMETRY": "0"}, text=True, start_new_session=True,  # a Ctrl-C is for us
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        # It ends with its input, so that it ends with us, however that happens.
        try:
            self.url = f"http://127.0.0.1:{self._port()}"
        except BaseException:
            self.stop()
            raise
        # Whatever it says from here on must be read, or it would wait for us one day.
        Thread(target=self._output.read, daemon=True).start()

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout
        return self._process.stdout

    def _port(self) -> int:
        """The port that it prints once it listens. Raises Absent where Java can't compile the launcher."""
        timer = Timer(START_SECONDS, self._process.kill)
        timer.start()
        said = ""
        for line in self._output:
            if line.startswith("port "):
                timer.cancel()
                return int(line.removeprefix("port "))
            said += line
        timer.cancel()
        if any(reason in said for reason in TOO_LITTLE_JAVA):
            raise Absent(f"a JDK of version 11 or newer is needed. Java said: {_last_line(said)}")
        raise RuntimeError(f"DynamoDB Local did not start. It said: {said or 'nothing'}")

    def stop(self) -> None:
        """End it with all that it holds."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
