"""A file between preview and confirm: kept in storage, so that any web process can go on with it.

The browser holds a signed token, never the name of a file: it can confirm what its user previewed, for the vendor
that was chosen, for a day. What is never confirmed is swept away after that.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.core import signing

from uploads.aws import storage
from uploads.feed.sheets.notes import About
from uploads.pipeline.examine import Contents, FeedFile

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

FOLDER = "incoming"
KEPT = timedelta(days=1)
# Signed with it are the previews that are open in browsers: with another one, none of them could be confirmed.
SALT = "uploads.incoming"


class Expired(Exception):
    """The token isn't one of ours, is another user's, or is too old."""


@dataclass(frozen=True)
class KeptFile:
    """A file that was previewed: the storage key of its text, its name on the user's machine, and the vendor it is for.

    Of a workbook also its own storage key, the name of the sheet that the text is of, and what to know about that.
    `contents` is what one pass over the text told, None in a token of before an upgrade.
    """

    key: str
    file_name: str
    vendor_id: str
    workbook_key: str = ""
    sheet: str = ""
    about: About | None = None
    contents: Contents | None = None
    feed_id: str = ""  # of the program's feed whose file it is


def keep(
    feed: FeedFile, file_name: str, vendor_id: str, user: "User | AnonymousUser", contents: Contents | None = None
) -> str:
    """Store the file; returns the token that its user confirms it with. Raises StorageUnavailable."""
    return token_for(stored(feed, file_name, vendor_id, contents), user)


def stored(feed: FeedFile, file_name: str, vendor_id: str, contents: Contents | None = None) -> KeptFile:
    """Keep the file. Raises StorageUnavailable."""
    key = f"{FOLDER}/{datetime.now(UTC):%Y%m%d}/{_stem(vendor_id)}{secrets.token_urlsafe(24)}"
    storage.save(key, feed.text)
    workbook_key = f"{key}.workbook" if feed.workbook else ""
    if feed.workbook:
        storage.save(workbook_key, feed.workbook)
    return KeptFile(key, file_name, vendor_id, workbook_key, feed.sheet, feed.about, contents)


def token_for(kept: KeptFile, user: "User | AnonymousUser") -> str:
    """With which this user confirms it."""
    about, told = kept.about and kept.about.to_json(), kept.contents and asdict(kept.contents)
    facts = [user.pk, kept.key, kept.file_name, kept.vendor_id, kept.workbook_key, kept.sheet, about, told]
    return signing.dumps([*facts, kept.feed_id], salt=SALT)


@contextmanager
def opened(kept: KeptFile) -> Iterator[FeedFile]:
    """What is kept of it. Raises FileMissing and StorageUnavailable."""
    with ExitStack() as files:
        text = files.enter_context(storage.opened(kept.key))
        workbook = files.enter_context(storage.opened(kept.workbook_key)) if kept.workbook_key else None
        yield FeedFile(text, workbook, kept.sheet, kept.about)


def drop(kept: KeptFile) -> None:
    """Delete it, or leave it to be swept away where storage is away."""
    with suppress(storage.StorageUnavailable):
        for key in filter(None, (kept.key, kept.workbook_key)):
            storage.delete(key)


def from_token(token: str, user: "User | AnonymousUser") -> KeptFile:
    """The file that the token stands for. Raises Expired."""
    try:
        owner, *rest = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature as error:
        raise Expired from error
    key, file_name, vendor_id, workbook_key, sheet, about, told, feed_id = (*rest, *[None] * 8)[:8]
    kept = KeptFile(
        key, file_name, vendor_id, workbook_key or "", sheet or "",
        # A page that was opened before an upgrade has a number in its place
        about=About.from_json(about) if isinstance(about, dict) else None,
        contents=Contents(**told) if told else None,
        feed_id=feed_id or "",
    )  # fmt: skip
    if owner != user.pk or not all(is_of(kept.vendor_id, key) for key in (kept.key, kept.workbook_key) if key):
        raise Expired
    return kept


def is_of(vendor_id: str, key: str) -> bool:
    """Whether a file under this key was kept for the vendor."""
    return bool(re.fullmatch(rf"{FOLDER}/\d{{8}}/{re.escape(_stem(vendor_id))}[\w-]{{32}}(\.workbook)?", key))


def _stem(vendor_id: str) -> str:
    """What the names of a vendor's files begin with."""
    return f"{quote(vendor_id, safe='')}."


def sweep() -> int:
    """Delete what was kept on days before yesterday; returns how many files. Raises StorageUnavailable."""
    yesterday, swept = f"{datetime.now(UTC) - KEPT:%Y%m%d}", 0
    for day in storage.listing(FOLDER)[0]:
        if day < yesterday:
            for name in storage.listing(f"{FOLDER}/{day}")[1]:
                storage.delete(f"{FOLDER}/{day}/{name}")
                swept += 1
    return swept
