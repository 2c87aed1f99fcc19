"""What the code does at AWS and what roles and the policy permit are the same, no more and no less.

By three ways: what stands in the code, what each service of deploy/cloudformation.yaml really does, and both against
deploy/iam-policy.json, which is for a server where one user does all of it.
"""

import ast
import io
import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from typing import Any, Final

import botocore.session
import pytest
from botocore import xform_name
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client

from config.embedded.processes import ROOT
from tests.conftest import Pipeline
from tests.deploy import template
from tests.feeds import feed, line
from tests.uploads.portal.test_upload import sign_in, started
from tests.uploads.staff.test_corrections import cells, correct, number_of
from uploads.aws import dynamo, expiry, operations, storage
from uploads.models import UploadHistory
from uploads.pipeline import finish, stage, stream, writeback
from uploads.pipeline.reconcile import reconcile
from uploads.pipeline.table import continuity, scan

POLICY: Final = json.loads((ROOT / "deploy" / "iam-policy.json").read_text(encoding="utf-8"))["Statement"]
PERMITTED: Final = set().union(*map(template.actions, POLICY))
ROLES: Final = ("WebRole", "StagingRole", "StreamRole", "WorkerRole", "BeatRole", "PrepareRole")
# By people, when they set up: `dynamodb create` and `delete`, `prepare` where the stack didn't make them.
OF_SETTING_UP: Final = {
    "dynamodb:CreateTable", "dynamodb:UpdateTimeToLive", "dynamodb:DeleteTable", "s3:CreateBucket",
}  # fmt: skip
# Without it S3 says of a file that isn't there what it says of one that is forbidden.
FOR_TELLING_APART: Final = "s3:ListBucket"
WHERE_A_PART_FAILS: Final = "s3:AbortMultipartUpload"
ROWS_OF_PARTS: Final = 11 * 1024 * 1024


# --- what stands in the code -----------------------------------------------------------------------------------


def _names(*services: str) -> dict[str, str]:
    """The operations of services by the names of boto3's methods."""
    session = botocore.session.get_session()
    models = [session.get_service_model(one) for one in services]
    return {xform_name(name): name for model in models for name in model.operation_names}


def _asked_for() -> Iterator[str]:
    """Each operation that uploads/aws has a call for, as policies name it."""
    methods = {"dynamodb": _names("dynamodb", "dynamodbstreams"), "s3": _names("s3")}
    for path in sorted((ROOT / "uploads" / "aws").glob("*.py")):
        service = "s3" if path.name == "storage.py" else "dynamodb"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            called, on = node.func.attr, node.func.value
            if called == "post" and isinstance(node.args[0], ast.Constant):
                yield operations.named(service, str(node.args[0].value))
            elif isinstance(on, ast.Call) and called in methods[service]:  # client.dynamodb().query(…)
                yield operations.named(service, methods[service][called])


def test_each_call_that_stands_in_the_code_is_permitted() -> None:
    found = set(_asked_for())
    assert {"dynamodb:Scan", "dynamodb:BatchWriteItem", "dynamodb:GetRecords", "s3:GetObject"} <= found
    assert found - OF_SETTING_UP - PERMITTED == set()


def test_each_permission_for_dynamodb_has_a_call_in_the_code() -> None:
    """Those for S3 are used by the libraries that store files."""
    assert {action for action in PERMITTED if action.startswith("dynamodb:")} <= set(_asked_for())


# --- what each service does ------------------------------------------------------------------------------------


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], set[str]]:
    """What a piece of work does at AWS."""

    def by(work: Callable[[], Any]) -> set[str]:
        monkeypatch.setattr(operations, "_performed", set())
        work()
        return set(operations.performed())

    return by


def _permitted(role: str) -> set[str]:
    return set().union(*map(template.actions, template.statements(role)))


def _the_same(role: str, performed: set[str]) -> None:
    """A role permits what was done and nothing else, but for what shows only where something fails."""
    assert performed - _permitted(role) == set(), "done, and not permitted"
    assert _permitted(role) - performed - {FOR_TELLING_APART, WHERE_A_PART_FAILS} == set(), "permitted, and not done"


WRONG: Final = feed(line(1), line(2, price="free"))


def test_web(done: Any, pipeline: Pipeline, client: Client, admin_user: Any) -> None:
    staff = Client()
    staff.force_login(admin_user)
    sign_in(client, "uploader")
    performed = done(lambda: started(client, WRONG))
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()

    def look_and_correct() -> None:
        at = f"/admin/uploads/uploadhistory/{upload.pk}"
        for page in ("records/", "records/?status=error", "records/REC_0000001/"):
            assert staff.get(f"{at}/{page}").status_code == 200
        assert client.get(f"/vendor/VEND001/uploads/{upload.pk}/failed-rows.csv").status_code == 200
        assert client.get("/readyz").status_code == 200
        sent = cells(staff, correct(2)) | {number_of(staff, correct(2), "price"): "7.50"}
        staff.post(correct(2), sent)

    _the_same("WebRole", performed | done(look_and_correct))


def test_staging(done: Any, pipeline: Pipeline) -> None:
    upload = pipeline.send(WRONG)
    _the_same("StagingRole", done(lambda: stage.stage(upload.pk)))


def test_the_stream(done: Any, pipeline: Pipeline) -> None:
    upload = pipeline.send(WRONG)
    pipeline.stage(upload)

    def consume() -> None:
        while stream.consume():
            pass

    _the_same("StreamRole", done(consume))


def test_a_worker_of_all_queues(done: Any, pipeline: Pipeline, admin_user: Any) -> None:
    upload = pipeline.send(WRONG)

    def work() -> None:
        pipeline.stage(upload)
        pipeline.settle()
        finish.finish(upload.pk)
        reconcile(upload.pk)
        continuity.doubt(dynamo.stream_arn(), "To be read.")
        scan.go_on(pause=0)
        writeback.sweep(older_than_seconds=0)
        storage.delete(UploadHistory.objects.get().error_report_key)

    _the_same("WorkerRole", done(work))


def test_the_schedule_asks_for_nothing() -> None:
    assert template.statements("BeatRole") == []


def test_preparing_what_a_stack_has_made_and_looking_whether_all_is_well(done: Any, pipeline: Pipeline) -> None:
    expiry.turn_on()

    def prepare() -> None:
        call_command("prepare", stdout=io.StringIO())
        with pytest.raises(SystemExit):  # no worker runs here
            call_command("verify_setup", stdout=io.StringIO())

    _the_same("PrepareRole", done(prepare))


@pytest.mark.usefixtures("bucket")
def test_a_large_file_goes_in_parts_and_what_a_failed_one_leaves_is_given_up(done: Any) -> None:
    content = io.BytesIO(bytes(ROWS_OF_PARTS))
    assert done(lambda: storage.save("feeds/parts", content)) <= _permitted("WebRole")
    events = default_storage.connection.meta.client.meta.events  # type: ignore[attr-defined] # S3Storage has it

    def fail(**_: Any) -> None:
        raise ConnectionResetError

    def break_off() -> None:
        events.register("before-call.s3.UploadPart", fail)
        try:
            with pytest.raises(ConnectionResetError):
                storage.save("feeds/parts", content)
        finally:
            events.unregister("before-call.s3.UploadPart", fail)

    performed = done(break_off)
    assert WHERE_A_PART_FAILS in performed
    assert performed <= _permitted("WebRole")


# --- the policy ------------------------------------------------------------------------------------------------


def test_the_policy_for_one_server_is_all_that_the_roles_may() -> None:
    assert set().union(*map(_permitted, ROLES)) == PERMITTED


def test_no_role_may_ask_for_everything_or_of_everything() -> None:
    for statement in [*POLICY, *(one for role in ROLES for one in template.statements(role))]:
        assert not [action for action in template.actions(statement) if "*" in action]
        assert statement["Effect"] == "Allow"
        assert statement["Resource"] != "*"


def test_what_is_permitted_is_permitted_of_the_right_things() -> None:
    for role in ROLES:
        for statement in template.statements(role):
            of = json.dumps(statement["Resource"])
            for action in template.actions(statement):
                streams = action.removeprefix("dynamodb:") in ("DescribeStream", "GetShardIterator", "GetRecords")
                wanted = "*/stream/*" if streams else "*Table*" if action.startswith("dynamodb:") else "*Bucket*"
                assert fnmatch(of, wanted), (role, action)
