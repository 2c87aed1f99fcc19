"""The form with which a program puts its file into S3, tried on an endpoint that keeps to such forms."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest

from config.embedded import processes
from tests.live import eventually
from uploads.aws import storage

KEY = "sent/VEND001/UPLOAD_1-secret"


@pytest.fixture
def endpoint(tmp_path: Path, real_processes: None, settings: Any) -> Iterator[str]:
    """S3 without the guard that the embedded endpoint has, which takes no forms."""
    port = processes.first_free(0)
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack.app"], cwd=tmp_path, env=env, stdout=log, stderr=log
        )
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )

    def ready() -> bool:
        try:
            client.create_bucket(Bucket=settings.UPLOAD_BUCKET)
        except Exception:
            return False
        return True

    eventually(ready, "S3 answers", 60)
    settings.UPLOAD_PUBLIC_ENDPOINT = url
    yield url
    process.kill()
    process.wait()


def put(form: dict[str, Any], content: bytes, **changed: str) -> int:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**form["fields"], **changed}.items()
    ]
    parts += [b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n', content, b"\r\n--b--\r\n"]
    asked = Request(form["url"], b"".join(parts), {"Content-Type": "multipart/form-data; boundary=b"})  # noqa: S310
    try:
        with urlopen(asked) as answer:  # noqa: S310 - our own endpoint
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_a_target_takes_neither_more_bytes_nor_another_key_nor_another_content(endpoint: str, settings: Any) -> None:
    form = storage.upload_target(KEY, 5, 60)
    assert form["url"].startswith(endpoint)
    assert put(form, b"123456") == 400
    assert put(form, b"12345", key="feeds/VEND002/theirs.csv") == 403
    assert put(form, b"12345") in (200, 201, 204)
    sealed = storage.upload_target(KEY, 5, 60, hashlib.sha256(b"54321").hexdigest())
    conditions = json.loads(base64.b64decode(sealed["fields"]["policy"]))["conditions"]
    assert {"x-amz-checksum-sha256": sealed["fields"]["x-amz-checksum-sha256"]} in conditions, "S3 itself keeps to it"
    assert put(sealed, b"54321") in (200, 201, 204)
    assert put(storage.upload_target(KEY, 5, -1), b"12345") == 403
