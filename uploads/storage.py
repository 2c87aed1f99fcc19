"""The only module that talks to file storage: S3 through django-storages, under private generated keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import botocore.exceptions
from boto3.exceptions import Boto3Error
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage


class StorageUnavailable(Exception):
    """Storage can't be reached or refuses. Nothing is lost: try again later."""


class FileMissing(Exception):
    """The file isn't in storage any more."""


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileMissing(f"The file {key} isn't in storage any more.") from error
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise FileMissing(f"The file {key} isn't in storage any more.") from error
        raise StorageUnavailable(str(error)) from error
    except (botocore.exceptions.BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(str(error)) from error


def save(key: str, content: BinaryIO) -> None:
    """Store the content under the key, replacing what stands there. Raises StorageUnavailable."""
    content.seek(0)
    with _translated(key):
        if default_storage.exists(key):
            default_storage.delete(key)
        default_storage.save(key, File(content))


@contextmanager
def opened(key: str) -> Iterator[BinaryIO]:
    """The stored file, open for reading, seekable; beyond a few MB it lies on disk, not in memory."""
    with _translated(key):
        file = default_storage.open(key, "rb")
        file.seek(0)  # fetches the content: a missing file shows here, not in the middle of the work
    with file:
        yield cast(BinaryIO, file)


def delete(key: str) -> None:
    """Remove the file; one that isn't there is fine. Raises StorageUnavailable."""
    with _translated(key):
        default_storage.delete(key)


def listing(folder: str) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a folder, none if there is no such. Raises StorageUnavailable."""
    with _translated(folder):
        return default_storage.listdir(folder)


def bucket_exists() -> bool:
    """Whether the bucket is there. Raises StorageUnavailable."""
    with _translated(settings.UPLOAD_BUCKET):
        try:
            _client().head_bucket(Bucket=settings.UPLOAD_BUCKET)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                return False
            raise
    return True


def ensure_bucket() -> bool:
    """Create the bucket where it doesn't exist; True if it was created. Raises StorageUnavailable."""
    if bucket_exists():
        return False
    region = settings.AWS_REGION
    # S3 takes its first region only by not being told of it.
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with _translated(settings.UPLOAD_BUCKET):
        _client().create_bucket(Bucket=settings.UPLOAD_BUCKET, **where)
    return True


def _client() -> Any:
    return default_storage.connection.meta.client  # type: ignore[attr-defined] # S3Storage has it
