"""The embedded services: started once, found again, stopped without a trace, reachable from this machine only."""

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded import postgres, processes, services

NAMES = ["postgres", "redis", "aws"]
VARIABLES = ("DATABASE_URL", "REDIS_URL", *services.AWS_ELSEWHERE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, real_processes: None) -> Iterator[Path]:
    """A folder of services for all tests of this file, which are stopped at the end."""
    folder = tmp_path_factory.mktemp("embedded")
    with pytest.MonkeyPatch.context() as patch:
        for variable in VARIABLES:
            patch.delenv(variable, raising=False)
        patch.setenv("EMBEDDED_DIR", str(folder))
        patch.setattr(processes, "_children", {})
        yield folder
        services.stop()


@pytest.fixture
def started(home: Path) -> Path:
    """The folder, with its services up."""
    services.start_backing()
    return home


def _families() -> dict[str, list[psutil.Process]]:
    """The processes of each service that runs, the one that we started first."""
    found = {name: processes.running_process(name) for name in NAMES}
    return {name: [process, *process.children(recursive=True)] for name, process in found.items() if process}


def _of_each(family: list[psutil.Process], ask: Callable[[psutil.Process], list[Any]]) -> list[Any]:
    """What these processes answer; PostgreSQL's own come and go, and one that is gone by now has nothing to show."""
    answers: list[Any] = []
    for process in family:
        with suppress(psutil.NoSuchProcess):
            answers += ask(process)
    return answers


def _ports() -> dict[str, int]:
    return {name: processes.state()[name]["port"] for name in NAMES}


def _elsewhere(code: str) -> str:
    """What another Python process prints that uses the same folder."""
    done = subprocess.run(
        [sys.executable, "-c", f"from config.embedded import services; {code}"],
        cwd=processes.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@contextmanager
def _beside(code: str) -> Iterator["subprocess.Popen[str]"]:
    """Another Python process that uses the same folder, as far as the first line that it prints."""
    with subprocess.Popen(
        [sys.executable, "-u", "-c", f"from config.embedded import processes, services\n{code}"], cwd=processes.ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "here\n"
            yield process
        finally:
            process.kill()


def _is_free(folder: Path) -> bool:
    """Whether another could take the folder's lock; a file opened anew counts as another's, in one process too."""
    with (folder / "services.lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _writers(folder: Path) -> dict[int, int]:
    """The processes that write to the logs of a folder, each with its parent."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # it is gone, or another user's
            if Path(os.readlink(f"/proc/{process.pid}/fd/1")).parent == folder / "log":
                found[process.pid] = process.ppid()
    return found


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.embedded", *arguments],
        cwd=processes.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _aws(service: str) -> Any:
    client: Any = boto3.client(  # type: ignore[call-overload] # by a name that is known at run time only
        service, endpoint_url=services.aws_endpoint_url(), region_name="us-east-1",
        **services.aws_credentials(),
    )  # fmt: skip
    return client


# --- start and stop --------------------------------------------------------------------------------------------


def test_a_second_start_finds_what_runs_also_from_another_process(started: Path) -> None:
    before = {name: family[0].pid for name, family in _families().items()}
    assert list(before) == NAMES
    assert services.start_backing() == []
    assert _elsewhere("print(services.start_backing())") == "[]"
    assert {name: family[0].pid for name, family in _families().items()} == before


def test_stopping_leaves_no_process_and_frees_the_ports(started: Path) -> None:
    family = [process for family in _families().values() for process in family]
    assert len(family) > len(NAMES)
    assert sorted(services.stop()) == sorted(NAMES)

    assert [process for process in family if processes.lives(process)] == []
    for port in _ports().values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert services.stop() == []


def test_another_process_can_stop_what_this_one_started(started: Path) -> None:
    family = [family[0] for family in _families().values()]
    assert _elsewhere("print(*services.stop())").split() == ["aws", "redis", "postgres"]
    assert [process for process in family if processes.lives(process)] == []


def test_a_service_that_ended_counts_as_ended_though_nobody_asked_for_its_exit_status() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays listed
    try:
        assert psutil.pid_exists(process.pid)
        assert processes.await_end([psutil.Process(process.pid)], 60) == []
    finally:
        process.wait()


def test_the_ports_stay_the_same_from_start_to_start(started: Path) -> None:
    before = _ports()
    services.stop()
    services.start_backing()
    assert _ports() == before


def test_a_remembered_port_that_somebody_else_has_taken_is_replaced(started: Path) -> None:
    port = _ports()["redis"]
    services.stop(["redis"])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert services.start_backing() == ["redis"]
        assert _ports()["redis"] != port
        assert redis.Redis.from_url(services.redis_url()).ping()


def test_a_number_that_another_process_has_by_now_is_not_taken_for_ours(started: Path) -> None:
    before = processes.state()["redis"]["started"]
    try:
        processes.remember("redis", started=before - 3600)
        assert processes.running_process("redis") is None
    finally:
        processes.remember("redis", started=before)


# --- commands at the same moment -------------------------------------------------------------------------------


def test_two_starts_at_the_same_moment_start_one_set_of_services(home: Path) -> None:
    services.stop()
    start = "print('here'); input(); print(*services.start_backing())"
    with _beside(start) as one, _beside(start) as other:
        print("go", file=one.stdin, flush=True)
        print("go", file=other.stdin, flush=True)
        answers = sorted(process.communicate()[0].split() for process in (one, other))
    assert answers == [[], NAMES]

    writers = _writers(home)
    alone = {pid for pid, parent in writers.items() if parent not in writers}  # not PostgreSQL's children
    assert alone == {family[0].pid for family in _families().values()}


def test_who_comes_second_says_what_it_waits_for_and_finds_what_was_started(home: Path) -> None:
    services.stop()
    with _beside("print('here'); input(); print(services.start_backing())") as second:
        with processes.locked():
            print("go", file=second.stdin, flush=True)
            assert second.stderr is not None
            assert second.stderr.readline() == f"Waiting for another command that starts or stops services in {home}.\n"
            assert services.start_backing() == NAMES
        assert second.communicate() == ("[]\n", "")


def test_who_has_waited_too_long_is_told_so_and_changes_nothing(started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "TURN_SECONDS", 0)
    with (
        _beside("with processes.locked(): print('here'); input()"),
        pytest.raises(processes.StartError, match="Another command has been starting or stopping services in"),
    ):
        services.stop()
    assert list(_families()) == NAMES


def test_a_holder_that_is_killed_leaves_the_lock_free_though_what_it_started_runs_on(home: Path) -> None:
    start = "processes.spawn('lasting', ['sleep', 'infinity'])"
    with _beside(f"with processes.locked(): {start}; print('here'); input()") as holder:
        assert not _is_free(home)
        holder.kill()
        holder.wait()
    try:
        assert processes.running_process("lasting") is not None
        assert _is_free(home)
    finally:
        processes.stop_process("lasting")


def test_a_turn_lasts_until_the_database_is_prepared_and_not_while_a_command_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def prepare(*_: object, **__: object) -> Any:
        seen.append(("preparing", _is_free(home)))
        return SimpleNamespace(returncode=0)

    services.stop()
    monkeypatch.setattr(services, "subprocess", SimpleNamespace(run=prepare))
    monkeypatch.setattr(services, "APPLICATION", ())
    with services.running():
        seen.append(("running", _is_free(home)))
    assert seen == [("preparing", False), ("running", True)]
    assert _families() == {}


def test_stopping_where_nothing_was_ever_started_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path / "none"))
    assert services.stop() == []
    assert not (tmp_path / "none").exists()


# --- data ------------------------------------------------------------------------------------------------------


def test_data_survive_stop_and_start(started: Path) -> None:
    with psycopg.connect(services.database_url()) as database:
        database.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 'a row' AS what")
    _aws("s3").create_bucket(Bucket="kept")
    _aws("s3").put_object(Bucket="kept", Key="feeds/a.csv", Body=b"an object")
    _aws("dynamodb").create_table(
        TableName="Kept", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    _aws("dynamodb").put_item(TableName="Kept", Item={"id": {"S": "1"}, "what": {"S": "an item"}})

    services.stop()
    services.start_backing()

    with psycopg.connect(services.database_url()) as database:
        assert database.execute("SELECT what FROM kept").fetchone() == ("a row",)
    assert _aws("s3").get_object(Bucket="kept", Key="feeds/a.csv")["Body"].read() == b"an object"
    item = _aws("dynamodb").get_item(TableName="Kept", Key={"id": {"S": "1"}})["Item"]
    assert item["what"] == {"S": "an item"}


def test_a_postgresql_in_use_keeps_its_lock(started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LEAVING_SECONDS", 0.0)  # it stays: nothing is gained by waiting for it to leave
    postgres._drop_stale_lock(started / "postgres")
    assert (started / "postgres" / "postmaster.pid").exists()


def test_a_postgresql_that_was_killed_is_started_again_with_its_data(started: Path) -> None:
    with psycopg.connect(services.database_url()) as database:
        database.execute("DROP TABLE IF EXISTS survived; CREATE TABLE survived AS SELECT 1 AS row")
    killed = _families()["postgres"][0]
    uncollected = processes._children.get("postgres")  # it stays listed, as in a container where nobody collects it
    killed.send_signal(signal.SIGKILL)
    processes.await_end([killed], 60)

    assert services.start_backing() == ["postgres"]
    assert uncollected is None or uncollected.returncode is None
    with psycopg.connect(services.database_url()) as database:
        assert database.execute("SELECT row FROM survived").fetchone() == (1,)


# --- who can reach it ------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only root may ask which sockets a process has")
def test_every_service_listens_on_loopback_only(started: Path) -> None:
    for name, family in _families().items():
        connections = _of_each(family, lambda process: process.net_connections(kind="inet"))
        sockets = [found for found in connections if not found.raddr]
        assert {found.laddr.ip for found in sockets} <= {"127.0.0.1", "::1"}, name
        assert _ports()[name] in {found.laddr.port for found in sockets}


def test_databases_ask_for_their_password(started: Path) -> None:
    port = _ports()["postgres"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://app@127.0.0.1:{port}/onboarding")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=_ports()["redis"], retry=Retry(NoBackoff(), 0)).ping()


@pytest.mark.parametrize("name", ["services.json", "redis/redis.conf"])
def test_files_with_passwords_are_for_their_owner_only(started: Path, name: str) -> None:
    assert stat.S_IMODE((started / name).stat().st_mode) == 0o600


def test_passwords_stand_on_no_command_line(started: Path) -> None:
    lines = " ".join(word for family in _families().values() for word in _of_each(family, psutil.Process.cmdline))
    assert "postgres" in lines
    assert not [name for name in ("postgres", "redis") if processes.state()[name]["password"] in lines]


# --- services that are somebody else's -------------------------------------------------------------------------


def test_a_service_whose_url_is_set_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/catalog")
    monkeypatch.setenv("REDIS_URL", "redis://broker.example")
    monkeypatch.setenv("AWS_STORAGE_BUCKET_NAME", "their-bucket")
    assert services.start_backing() == []
    assert list(tmp_path.iterdir()) == []
    lines = services.status().splitlines()
    assert lines[0] == "postgres  elsewhere (DATABASE_URL is set)"
    assert lines[2] == "aws       elsewhere (AWS_STORAGE_BUCKET_NAME is set)"
    assert lines[3] == "worker    stopped"


@pytest.mark.parametrize(
    ("name", "variable", "value", "elsewhere"),
    [
        ("aws", "AWS_ENDPOINT_URL", "http://localstack:4566", True),
        ("aws", "AWS_ACCESS_KEY_ID", "AKIA", False),
        ("aws", "AWS_REGION", "eu-central-1", False),
        ("postgres", "DATABASE_URL", "", False),
        ("redis", "REDIS_URL", "redis://broker", True),
    ],
)
def test_credentials_alone_and_empty_variables_leave_a_service_ours(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, value: str, elsewhere: bool
) -> None:
    monkeypatch.setenv(variable, value)
    service = next(service for service in services.BACKING if service.name == name)
    assert service.elsewhere == (variable if elsewhere else "")


# --- starts that fail ------------------------------------------------------------------------------------------


def test_a_start_that_fails_says_which_log_and_leaves_nothing_running(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.stop()
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho the disk is full\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(processes.StartError) as caught:
        services.start_backing()
    lines = str(caught.value).splitlines()
    assert lines[0] == f"redis did not start; its log is {home / 'log' / 'redis.log'}:"
    assert lines[-1] == "the disk is full"
    assert _families() == {}


def test_an_interrupted_start_leaves_nothing_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(name: str, ready: object) -> None:
        assert processes.running_process(name) is not None
        raise KeyboardInterrupt

    services.stop()
    monkeypatch.setattr(services, "wait_until", interrupt)
    with pytest.raises(KeyboardInterrupt):
        services.start_backing()
    assert _families() == {}


# --- the command line ------------------------------------------------------------------------------------------


def test_status_tells_pid_and_port_of_what_runs(started: Path) -> None:
    families = _families()
    wanted = [
        f"{name:10}running, pid {families[name][0].pid}, 127.0.0.1:{port}" for name, port in sorted(_ports().items())
    ]
    done = _command("status")
    assert sorted(done.stdout.splitlines()) == sorted([*wanted, "worker    stopped", "beat      stopped"])


def test_down_stops_what_runs_and_says_so(started: Path) -> None:
    assert _command("down").stdout == "stopped: aws, redis, postgres\n"
    assert _command("down").stdout == "stopped: nothing was running\n"
    assert _families() == {}


def test_a_wrong_call_shows_the_usage() -> None:
    done = _command("restart")
    assert done.returncode == 2
    assert done.stdout.startswith("usage: ")
