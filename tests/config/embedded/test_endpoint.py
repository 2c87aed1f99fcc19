"""The embedded endpoint for AWS answers this installation's own clients, and nobody else: no page, no other user."""

import http.client
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from config.embedded import endpoint, processes, services
from config.outages import explain

VARIABLES = ("DATABASE_URL", "REDIS_URL", *services.AWS_ELSEWHERE)
LIST = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, real_processes: None) -> Iterator[Path]:
    """A folder that an earlier version left open to others, with the endpoint started in it again."""
    folder = tmp_path_factory.mktemp("guarded")
    with pytest.MonkeyPatch.context() as patch:
        for variable in VARIABLES:
            patch.delenv(variable, raising=False)
        patch.setenv("EMBEDDED_DIR", str(folder))
        patch.setattr(processes, "_children", {})
        for name in ("", "mail", "log", "aws", "aws/s3"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name).chmod(0o755)
        patch.setattr(services, "BACKING", tuple(service for service in services.BACKING if service.name == "aws"))
        services.start_backing()
        yield folder
        services.stop()


def client(service: str, **config: Any) -> Any:
    return boto3.client(  # type: ignore[call-overload] # by a name that is known at run time only
        service, endpoint_url=services.aws_endpoint_url(), region_name="us-east-1", config=Config(**config),
        **services.aws_credentials(),
    )  # fmt: skip


@pytest.fixture
def kept(folder: Path) -> str:
    """A bucket with an object, which stays, whatever is asked."""
    s3 = client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a.csv", Body=b"rows")
    return "/kept/a.csv"


def ask(
    method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """What is answered to a request that says just this. `Host` is the endpoint's unless it is given."""
    address = urlsplit(services.aws_endpoint_url()).netloc
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = (answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    connection.close()
    return found


def signed(key: str | None = None) -> dict[str, str]:
    key = services.aws_credentials()["aws_access_key_id"] if key is None else key
    scope = f"Credential={key}/20260301/us-east-1/dynamodb/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}


STRANGERS: dict[str, dict[str, str]] = {
    "no key": {},
    "a wrong key": signed("embedded"),
    "no key at all in it": signed(""),
    "another scheme": {"Authorization": "Basic YTpi"},
}
PAGES: dict[str, dict[str, str]] = {
    "a page": {"Origin": "https://evil.example"},
    "a page without a name": {"Origin": "null"},
    "a page of this machine": {"Origin": "http://127.0.0.1:8000"},
    "an image of a page": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "a name that somebody had resolve to this machine": {"Host": "evil.example"},
    "such a name with the port": {"Host": "127.0.0.1.evil.example:4566"},
    "no host": {"Host": ""},
}
ATTACKS = {
    "an object": ("DELETE", "/kept/a.csv", {}, None),
    "the list of buckets": ("GET", "/", {}, None),
    "the tables": ("POST", "/", LIST, b"{}"),
    "everything": ("POST", "/_ministack/reset", {}, b""),
    "the settings": ("POST", "/_ministack/config", {}, b"{}"),
    "leave for a page": ("OPTIONS", "/kept/a.csv", {"Access-Control-Request-Method": "DELETE"}, None),
    "health": ("GET", "/_ministack/health", {}, None),
}


@pytest.mark.parametrize("what", ATTACKS)
@pytest.mark.parametrize("who", [*STRANGERS, *PAGES])
def test_who_has_no_key_or_is_a_page_gets_nothing_and_changes_nothing(kept: str, who: str, what: str) -> None:
    method, path, headers, body = ATTACKS[what]
    # A page is refused even if it had the key.
    said = STRANGERS[who] if who in STRANGERS else {**signed(), **PAGES[who]}
    status, answered, text = ask(method, path, {**headers, **said}, body)

    assert status in (400, 403), "400: the server itself takes no request without a host"
    assert not [name for name in answered if name.startswith("access-control")]
    if status == 403:
        assert json.loads(text) == endpoint.REFUSAL
    assert client("s3").get_object(Bucket="kept", Key="a.csv")["Body"].read() == b"rows"


def test_a_websocket_is_refused(kept: str) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    status, _, _ = ask(
        "GET", "/_aws/execute-api/x/y", {**upgrade, **signed(), "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    )
    assert status == 403


def test_the_products_own_clients_are_answered_without_leave_for_pages(kept: str) -> None:
    status, answered, _ = ask("POST", "/", {**LIST, **signed()}, b"{}")
    assert status == 200
    assert not [name for name in answered if name.startswith("access-control")]


def test_an_address_that_carries_the_key_is_no_way_in(kept: str) -> None:
    s3 = client("s3", signature_version="s3v4", s3={"addressing_style": "path"})
    url = urlsplit(s3.generate_presigned_url("get_object", {"Bucket": "kept", "Key": "a.csv"}))
    assert services.aws_credentials()["aws_access_key_id"] in url.query
    assert ask("GET", f"{url.path}?{url.query}", {})[0] == 403


def test_who_is_refused_is_told_so_in_a_sentence(folder: Path) -> None:
    for service, ask_for in (("dynamodb", "list_tables"), ("s3", "list_buckets")):
        stranger: Any = boto3.client(  # type: ignore[call-overload] # as above
            service, endpoint_url=services.aws_endpoint_url(), region_name="us-east-1", aws_access_key_id="x",
            aws_secret_access_key="x",
        )  # fmt: skip
        with pytest.raises(ClientError) as caught:
            getattr(stranger, ask_for)()
        assert (explain(caught.value) or "").startswith("The AWS endpoint ")


def test_each_installation_has_a_key_of_its_own_that_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = services.aws_credentials()
    assert len(before["aws_access_key_id"]) == 32
    services.stop()
    services.start_backing()
    assert services.aws_credentials() == before
    with monkeypatch.context() as patch:
        patch.setenv("EMBEDDED_DIR", str(folder / "another"))
        assert services.aws_credentials() != before


def test_without_a_key_the_endpoint_does_not_start() -> None:
    async def app(*_: Any) -> None: ...

    with pytest.raises(ValueError, match="needs a key"):
        endpoint.guarded(app, "")


# --- files of the data folder --------------------------------------------------------------------------------------


def test_what_lies_in_the_data_folder_is_for_its_owner_only_also_where_it_was_open(kept: str, folder: Path) -> None:
    for name in ("", "mail", "log", "aws", "aws/s3", "aws/state", "aws/tmp"):
        assert stat.S_IMODE((folder / name).stat().st_mode) & ~0o010 == 0o700, name
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"services.json", "aws.log"} < {path.name for path in files}
    written = [path for path in files if path.is_relative_to(folder / "aws")]
    assert written
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in [*written, folder / "services.json"]} == {0}


def test_what_runs_with_the_services_writes_for_its_owner_only(folder: Path) -> None:
    code = f"import os; open({str(folder / 'written')!r}, 'w'); os.makedirs({str(folder / 'made')!r})"
    processes.spawn("writing", ["python3", "-c", code])
    processes._children["writing"].wait()
    assert stat.S_IMODE((folder / "written").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "made").stat().st_mode) == 0o700


def test_a_folder_that_all_users_share_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(processes.StartError, match="is shared by all users of this machine"):
        processes.private(shared)
    assert stat.S_IMODE(os.stat(shared).st_mode) == 0o1777
