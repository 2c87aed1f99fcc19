"""What the doors do at AWS, by the names that a policy permits: for comparing what is done with what is allowed.

Each process keeps the set of what it did. Where AWS_OPERATIONS_FILE names a file, each appends what is new to it, so
that the processes of a whole platform can be looked at together.
"""

import os
from pathlib import Path
from typing import Any, Final

from uploads.aws import measured

# Where AWS's policies have another name than its API: https://docs.aws.amazon.com/service-authorization
_PERMITTED_BY: Final = {
    ("dynamodb", "BatchExecuteStatement"): "PartiQLUpdate",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "UploadPart"): "PutObject",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
}
_performed: set[str] = set()


def performed() -> frozenset[str]:
    """What this process did so far: `dynamodb:Query`, `s3:PutObject`."""
    return frozenset(_performed)


def named(service: str, operation: str) -> str:
    """An operation of the API as policies permit it: `dynamodb:Query`."""
    return f"{service}:{_PERMITTED_BY.get((service, operation), operation)}"


def note(service: str, operation: str) -> None:
    """Keep that this operation of the API was asked for. `service` as policies name it."""
    action = named(service, operation)
    if action not in _performed:
        _performed.add(action)
        if path := os.environ.get("AWS_OPERATIONS_FILE"):
            with Path(path).open("a") as file:
                file.write(f"{action}\n")  # one write: lines of several processes don't mix


def watch(events: Any) -> None:
    """Note and measure all that clients of a session do, which are made after this; `events` are the session's of
    botocore.
    """
    events.register("before-call", _note_call)
    measured.watch(events)


def _note_call(model: Any, **_: Any) -> None:
    # The streams are a service of their own, and permitted as part of DynamoDB.
    note("s3" if model.service_model.service_name == "s3" else "dynamodb", model.name)
