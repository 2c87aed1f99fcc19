"""Commands run as manage.py runs them, and a name for which there is no table."""

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands import as_manage_py
from tests.uploads.commands.ended import Done, Run
from uploads.aws import dynamo


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as manage.py does: an error it reports goes to standard error, with exit status 1."""

    def command(*arguments: str) -> Done:
        status, out, err = as_manage_py(*arguments)
        shown = capsys.readouterr()
        return Done(status, out + shown.out, err + shown.err)

    return command


@pytest.fixture
def no_table(settings: Any, aws: None) -> Iterator[str]:
    """The name of a table that doesn't exist, and is gone again afterwards."""
    settings.UPLOAD_RECORDS_TABLE = f"UploadRecords-{uuid.uuid4().hex[:8]}"
    yield settings.UPLOAD_RECORDS_TABLE
    with contextlib.suppress(dynamo.TableMissing):
        dynamo.delete_table()
