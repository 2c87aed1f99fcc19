"""What the doors do at AWS is noted, and the policy that is handed out permits it, no more and no less."""

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from config.embedded.processes import ROOT
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.aws import dynamo, expiry, operations, storage
from uploads.pipeline.reconcile import reconcile
from uploads.pipeline.table import scan

PERMITTED = {
    action
    for statement in json.loads((ROOT / "deploy" / "iam-policy.json").read_text())["Statement"]
    for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
}
# By people, when they set up: `dynamodb create` and `delete`, `prepare`.
OF_SETTING_UP = {"dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:UpdateTable", "s3:CreateBucket"}


WHERE_A_PART_FAILS = {"s3:AbortMultipartUpload"}  # boto3 does, so that nobody pays for the other parts


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What is noted from here on; processes append it to this file."""
    monkeypatch.setattr(operations, "_performed", set())
    monkeypatch.setenv("AWS_OPERATIONS_FILE", str(tmp_path / "operations"))
    return tmp_path / "operations"


def test_all_that_the_journey_does_is_permitted_and_all_that_is_permitted_is_done(
    done: Path, pipeline: Pipeline, bucket: Any
) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    reconcile(upload.pk)
    scan.go_on(pause=0)
    dynamo.get_record(upload.pk, "REC_0000001")
    with storage.opened(upload.storage_key) as file:
        assert file.read(1)
    storage.delete(upload.storage_key)
    storage.bucket_exists()
    expiry.is_on()

    assert operations.performed() - OF_SETTING_UP - PERMITTED == set()
    assert {
        action
        for action in PERMITTED - WHERE_A_PART_FAILS
        if not any(fnmatch(did, action) for did in operations.performed())
    } == set()
    assert set(done.read_text().split()) == operations.performed()
    assert len(done.read_text().split()) == len(operations.performed()), "each once"
