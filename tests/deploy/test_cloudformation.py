"""deploy/cloudformation.yaml: in order as cfn-lint has it, the table of `dynamodb create`, and a stack that carries the
platform."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings as ours

from config.embedded import processes
from tests.deploy import template
from tests.live import Platform, eventually, sample_feed
from uploads.aws import dynamo
from uploads.aws.records import EXPIRES

SIZES = ("budget", "production")
# Between what a table is told and what it says of itself.
OF_AN_INDEX = ("IndexName", "KeySchema", "Projection")


def test_the_template_is_as_cfn_lint_wants_it() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), template.PATH], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("size", SIZES)
def test_each_size_sets_parameters_that_there_are_to_what_they_may_be(size: str) -> None:
    known = template.read()["Parameters"]
    for name, value in template.of_size(size).items():
        allowed = known[name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed), name
    assert template.of_size(size).keys() <= known.keys()


def test_what_a_size_leaves_open_has_a_default_or_is_asked_for() -> None:
    left = {name for name, known in template.read()["Parameters"].items() if "Default" not in known}
    assert left == template.GIVEN.keys()


@pytest.mark.parametrize("name", ["Table", "Bucket", "Repository"])
def test_what_is_the_record_of_all_that_came_outlives_the_stack(name: str) -> None:
    resource = template.read()["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_databases_are_private_encrypted_and_protected() -> None:
    resources = {name: one["Properties"] for name, one in template.read()["Resources"].items() if "Properties" in one}
    database, cache, bucket = resources["Database"], resources["Cache"], resources["Bucket"]
    assert (database["PubliclyAccessible"], database["StorageEncrypted"], database["DeletionProtection"]) == (
        False, True, True,
    )  # fmt: skip
    assert (cache["TransitEncryptionMode"], cache["AtRestEncryptionEnabled"]) == ("required", True)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    world = [
        name
        for name, one in resources.items()
        if "0.0.0.0/0" in json.dumps(one.get("SecurityGroupIngress", []))
    ]  # fmt: skip
    assert world == ["LoadBalancerGroup"]


def test_every_process_runs_with_a_read_only_file_system_and_time_to_end() -> None:
    tasks = [one for one in template.read()["Resources"].values() if one["Type"] == "AWS::ECS::TaskDefinition"]
    roles = []
    for task in tasks:
        (container,) = task["Properties"]["ContainerDefinitions"]
        roles += container["Command"]
        assert container["ReadonlyRootFilesystem"] is True
        assert container["MountPoints"] == [{"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": False}]  # noqa: S108
        assert container["StopTimeout"] == 60
        assert ("HealthCheck" in container) is (container["Command"] != ["prepare"])
    assert sorted(roles) == ["beat", "prepare", "web", "worker", "worker", "worker"]


# --- a stack ---------------------------------------------------------------------------------------------------


class Stacks:
    """An endpoint of AWS with all of its services, CloudFormation among them."""

    key = "of-a-test"

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=self.key,
            aws_secret_access_key=self.key,
        )  # fmt: skip

    def made(self, name: str, parameters: dict[str, str]) -> dict[str, str]:
        """The outputs of a stack, once it stands."""
        given = template.GIVEN | parameters
        clients, files = self.client("cloudformation"), self.client("s3")
        files.create_bucket(Bucket="templates")  # it is too long for a request
        files.put_object(Bucket="templates", Key=name, Body=template.for_the_embedded_endpoint(given).encode())
        clients.create_stack(
            StackName=name, TemplateURL=f"{self.url}/templates/{name}",
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        )  # fmt: skip

        def stands() -> Any:
            (stack,) = clients.describe_stacks(StackName=name)["Stacks"]
            return not stack["StackStatus"].endswith("IN_PROGRESS") and stack

        stack = eventually(stands, "the stack is made")
        assert stack["StackStatus"] == "CREATE_COMPLETE", clients.describe_stack_events(StackName=name)["StackEvents"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory, real_processes: None) -> Iterator[Stacks]:
    port, folder = processes.first_free(0), tmp_path_factory.mktemp("stacks")
    env = {name: value for name, value in os.environ.items() if name != "SERVICES"}
    env |= {
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING",
        "ENDPOINT_KEY": Stacks.key, "TMPDIR": str(folder),
    }  # fmt: skip
    command = [sys.executable, "-m", "config.embedded.endpoint"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=processes.ROOT, env=env, stdout=log, stderr=log)
    stacks = Stacks(port)

    def answers() -> bool:
        try:
            return bool(stacks.client("s3").list_buckets())
        except Exception:  # whatever a service says that is just starting
            return False

    eventually(answers, "the endpoint answers")
    yield stacks
    process.kill()
    process.wait()


@pytest.mark.parametrize("billing", ["PAY_PER_REQUEST", "PROVISIONED"])
def test_its_table_is_the_one_that_dynamodb_create_makes(
    stacks: Stacks, billing: Any, settings: Any, aws: None
) -> None:
    settings.UPLOAD_RECORDS_TABLE = f"Compared-{billing}"
    stacks.made(f"table-{billing.lower().replace('_', '-')}", {"TableName": f"Of-{billing}", "TableBilling": billing})
    dynamo.create_table(billing, 10)
    theirs = stacks.client("dynamodb").describe_table(TableName=f"Of-{billing}")["Table"]
    assert _facts(theirs) == _facts(dynamo.describe_table())
    dynamo.delete_table()
    assert theirs["DeletionProtectionEnabled"] is True


def test_its_table_deletes_records_by_their_date() -> None:
    properties = template.read()["Resources"]["Table"]["Properties"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": EXPIRES, "Enabled": True}


def _facts(table: dict[str, Any]) -> dict[str, Any]:
    indexes = sorted(table["GlobalSecondaryIndexes"], key=lambda index: str(index["IndexName"]))
    billing = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    return {
        "keys": table["KeySchema"],
        "attributes": sorted(one["AttributeName"] for one in table["AttributeDefinitions"]),
        "stream": table["StreamSpecification"],
        "billing": billing,
        "units": billing == "PROVISIONED" and [_units(part) for part in (table, *indexes)],
        "indexes": [
            {name: index[name] for name in OF_AN_INDEX}
            | {"Projection": {n: sorted(v) if isinstance(v, list) else v for n, v in index["Projection"].items()}}
            for index in indexes
        ],
    }


def _units(part: dict[str, Any]) -> tuple[int, int]:
    units = part.get("ProvisionedThroughput") or {}
    return units.get("WriteCapacityUnits", 0), units.get("ReadCapacityUnits", 0)


@pytest.mark.parametrize("size", SIZES)
def test_a_stack_of_each_size_is_made_at_once_and_with_an_image(stacks: Stacks, size: str) -> None:
    parameters = template.of_size(size) | {"TableName": f"Of-{size}"}
    empty = stacks.made(f"empty-{size}", parameters)
    assert "PrepareTask" not in empty
    assert "/" in empty["RepositoryUri"]
    full = stacks.made(f"full-{size}", parameters | {"TableName": f"Full-{size}", "Image": "onboarding:1"})
    services = stacks.client("ecs").list_services(cluster=full["ClusterName"], maxResults=100)["serviceArns"]
    assert len(services) == (5 if size == "production" else 3)
    assert full["PrepareTask"]


def test_verify_setup_passes_and_a_feed_goes_through_on_the_table_and_the_bucket_of_a_stack(
    stacks: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stacks.made("onboarding", template.of_size("budget"))
    assert made["TableName"] == ours.UPLOAD_RECORDS_TABLE
    _made_again(stacks.client("dynamodb"), made["TableName"])
    platform = Platform(tmp_path / "platform")
    platform.env |= {
        "AWS_ENDPOINT_URL": stacks.url, "AWS_ACCESS_KEY_ID": stacks.key, "AWS_SECRET_ACCESS_KEY": stacks.key,
        "AWS_STORAGE_BUCKET_NAME": made["BucketName"], "UPLOAD_RECORDS_TABLE": made["TableName"],
    }  # fmt: skip
    try:
        platform.up()
        sample_feed(tmp_path / "feed.csv", 200, "VEND003")
        done = platform.python("manage.py", "import_feed", str(tmp_path / "feed.csv"), "--vendor", "VEND003", "--wait")
        assert done.returncode == 0, done.stdout + done.stderr
        assert platform.rows("SELECT count(*) FROM products") == [(190,)]
        eventually(lambda: _wrong(platform) == [], "all is well", seconds=60)
    finally:
        platform.end()


def _made_again(dynamodb: Any, name: str) -> None:
    """The same table through the endpoint's API: its CloudFormation leaves out whether indexes are ACTIVE."""
    table = dynamodb.describe_table(TableName=name)["Table"]
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {said: index[said] for said in OF_AN_INDEX} for index in table["GlobalSecondaryIndexes"]
        ],
        **{said: table[said] for said in ("KeySchema", "AttributeDefinitions", "StreamSpecification")},
    )  # fmt: skip


def _wrong(platform: Platform) -> list[str]:
    """What verify_setup complains of."""
    found = json.loads(platform.python("manage.py", "verify_setup", "--json").stdout)
    return [f"{check['check']}: {check['problem']}" for check in found["checks"] if not check["ok"]]
