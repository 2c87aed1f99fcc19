"""The only module that talks to file storage: S3 through django-storages, under private generated keys."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

import botocore.exceptions
import urllib3.exceptions
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.parsers import ResponseParserError
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped] # it has no annotations

from config import outages
from uploads.aws import answers, operations

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FEEDS, REPORTS, SENT = "feeds", "reports", "sent"  # each vendor's files are in a folder of its own in these
BUFFER_BYTES = 1024 * 1024  # of a file that is being read, this much is in memory
# And its beginning, once it was read: who finds out how a file is written looks at that again and again, each time from
# the first byte. Most files have no more than this.
KEPT_BYTES = 1024 * 1024
# One request asks for so much. Staging reads a file in turns, each from where the last one stopped: if it asked for all
# that follows, an endpoint that gets it ready before it answers would read a large file again at every turn
# (docs/decisions/0012).
REQUEST_BYTES = 8 * 1024 * 1024


_MAKING = Lock()


class NotedS3Storage(S3Storage):  # type: ignore[misc] # as above
    """S3 as django-storages talks to it, which notes what it does (operations.py).

    Each thread has a connection of its own, made of one session: with sessions of their own too, each would read S3's
    description, 18 MB in memory and 80 ms, and find credentials anew; the web has 16 threads a process.
    """

    _session: Any = None

    @property
    def connection(self) -> Any:
        with _MAKING:  # a session makes one at a time
            return super().connection

    def _create_session(self) -> Any:
        if self._session is None:
            self._session = super()._create_session()
            operations.watch(self._session.events)
        return self._session


class StorageUnavailable(Exception):
    """Storage can't be reached or refuses. Nothing is lost: try again later."""


class FileMissing(Exception):
    """The file isn't in storage any more."""


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, botocore.exceptions.ClientError) as error:
        raise _ours(error, key) from error
    except (botocore.exceptions.BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(outages.explain(error, answers.STORAGE) or outages.brief(str(error))) from error
    except urllib3.exceptions.HTTPError as error:
        raise StorageUnavailable(f"{answers.STORAGE} broke off: {outages.brief(str(error))}.") from error
    except (ResponseParserError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_the_protocol() from error  # botocore and django-storages read the answers, and expect what S3 says
    answers.note(answers.STORAGE)


def _ours(error: Exception, key: str) -> FileMissing | StorageUnavailable:
    refusal = _in_words(error, key)
    if refusal is None:
        return _not_the_protocol()
    said = refusal.response["Error"]
    code, message = str(said.get("Code", "")), outages.brief(str(said.get("Message") or ""))
    if code == "NoSuchKey":
        return FileMissing(f"The file {key} isn't in storage any more.")
    if code == "NoSuchBucket":
        return StorageUnavailable(
            f"The bucket {settings.UPLOAD_BUCKET} doesn't exist. Create it with: manage.py prepare"
        )
    if sentence := outages.of_aws(answers.STORAGE, refusal):
        return StorageUnavailable(sentence)
    if code.isdigit() and int(code) < 500:
        return _not_the_protocol()
    return StorageUnavailable(
        f"{answers.STORAGE} fails ({refusal.operation_name}: {message or code}). It is tried again."
    )


def _in_words(error: Exception, key: str) -> botocore.exceptions.ClientError | None:
    """S3's own words for a refusal. To a HEAD it answers a status alone, which says neither whether the file is gone,
    so that its upload has failed, nor what is wrong with the credentials: so that is asked again. None for no words.
    """
    refusal = error if isinstance(error, botocore.exceptions.ClientError) else error.__context__
    if not isinstance(refusal, botocore.exceptions.ClientError) or refusal.operation_name != "HeadObject":
        return refusal if isinstance(refusal, botocore.exceptions.ClientError) else None
    try:
        _client().get_object(Bucket=settings.UPLOAD_BUCKET, Key=key, Range="bytes=0-0")["Body"].close()
    except botocore.exceptions.ClientError as said:
        return said
    except (botocore.exceptions.BotoCoreError, ResponseParserError):
        return None
    return None


def _not_the_protocol() -> StorageUnavailable:
    return StorageUnavailable(outages.not_the_protocol("S3"))


def save(key: str, content: BinaryIO) -> None:
    """Store the content under the key, replacing what stands there. Raises StorageUnavailable."""
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    with _translated(key):
        if default_storage.exists(key):
            default_storage.delete(key)
            if default_storage.exists(key):  # something has each file, and Django would look for a free name for ever
                raise _not_the_protocol()
        default_storage.save(key, File(content))
        stored = default_storage.size(key)
    if stored != size:  # whatever said that it has stored the file
        raise _not_the_protocol()


@contextmanager
def opened(key: str) -> Iterator[BinaryIO]:
    """The stored file, open for reading, seekable; only what is read is fetched, and little of it is in memory.

    Raises FileMissing at once, not in the middle of the work; StorageUnavailable also while the file is read.
    """
    with io.BufferedReader(_Stored(key), BUFFER_BYTES) as file:
        yield file


@contextmanager
def opened_of(vendor_id: str, key: str) -> Iterator[BinaryIO]:
    """`opened`, for a file of this vendor: whatever a row says, another's isn't there."""
    if not is_of(vendor_id, key):
        raise FileMissing(f"The file {key} isn't one of {vendor_id}.")
    with opened(key) as file:
        yield file


def is_of(vendor_id: str, key: str) -> bool:
    """Whether the key is below the vendor's own folder, as steps 1 and 8 and uploads.programs make them."""
    return key.rpartition("/")[0] in [f"{folder}/{vendor_id}" for folder in (FEEDS, REPORTS, SENT)]


class _Stored(io.RawIOBase):
    """A stored file. What follows a seek is fetched when it is first read, REQUEST_BYTES by a request."""

    def __init__(self, key: str) -> None:
        self._body: Any = None
        self._key, self._position = key, 0
        self._end = 0  # of what the open request asked for
        self._beginning = bytearray()  # as far as it was read, up to KEPT_BYTES
        with _translated(key):
            file: Any = default_storage.open(key, "rb")  # asks for the size; the content is not fetched
            self._object, self._size = file.obj, file.size
            tag = self._object.e_tag
        # A sign-in page has a size too: the file would end there, and look complete.
        if not isinstance(self._size, int) or not tag:
            raise _not_the_protocol()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position: int = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if position < 0:
            raise ValueError(f"There is no position {position} in a file.")
        if position != self._position:
            self._let_go()
            self._position = position
        return position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._position >= self._size:
            return 0
        if self._position < len(self._beginning):
            return self._again(buffer)
        with _translated(self._key):
            if self._position == self._end:
                self._let_go()
            if self._body is None:
                self._ask()
            count: int = self._body.readinto(buffer)
        if count == 0:  # a connection that closes early may look like the end of the file
            raise StorageUnavailable(f"{self._key} broke off at byte {self._position} of {self._size}.")
        if self._position == len(self._beginning) < KEPT_BYTES:
            self._beginning += memoryview(buffer)[: min(count, KEPT_BYTES - self._position)]
        self._position += count
        return count

    def _again(self, buffer: "WriteableBuffer") -> int:
        """What was read before, from memory."""
        known = memoryview(self._beginning)[self._position :]
        target = memoryview(buffer)
        count = min(len(known), len(target))
        target[:count] = known[:count]
        self._position += count
        return count

    def close(self) -> None:
        self._let_go()
        super().close()

    def _ask(self) -> None:
        """Request what follows the position."""
        self._end = min(self._position + REQUEST_BYTES, self._size)
        asked = f"{self._position}-{self._end - 1}"
        answer = self._object.get(Range=f"bytes={asked}")
        if answer.get("ContentRange") != f"bytes {asked}/{self._size}":
            raise StorageUnavailable(f"{self._key} has changed, or storage doesn't keep to the range asked for.")
        self._body = answer["Body"]

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def size(key: str) -> int:
    """In bytes. Raises FileMissing and StorageUnavailable."""
    with _translated(key):
        found: int = default_storage.size(key)
        return found


def upload_target(key: str, most: int, seconds: int, sha256: str = "") -> dict[str, Any]:
    """A form of S3, as `url` and `fields`, with which anybody puts one file of 1 to `most` bytes under this key, and
    nothing else, within so many seconds."""
    fields: dict[str, str] = {}
    conditions: list[Any] = [["content-length-range", 1, most]]
    if sha256:
        fields["x-amz-checksum-sha256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
        fields["x-amz-checksum-algorithm"] = "SHA256"
        conditions += [{name: text} for name, text in fields.items()]
    with _translated(key):
        form: dict[str, Any] = _public_client().generate_presigned_post(
            settings.UPLOAD_BUCKET, key, Fields=fields, Conditions=conditions, ExpiresIn=seconds
        )
    return form


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


def _public_client() -> Any:
    """Signs addresses as those outside reach storage, which may be others than ours. It sends nothing itself."""
    storing: Any = default_storage
    how = Config(signature_version="s3v4", s3={"addressing_style": storing.addressing_style})
    endpoint = settings.UPLOAD_PUBLIC_ENDPOINT or storing.endpoint_url
    return storing._create_session().client(
        "s3", endpoint_url=endpoint, region_name=storing.region_name, config=how,
        aws_access_key_id=storing.access_key, aws_secret_access_key=storing.secret_key,
    )  # fmt: skip


def _client() -> Any:
    return default_storage.connection.meta.client  # type: ignore[attr-defined] # S3Storage has it
