"""Talking to a source's server: its file into one of ours, or that it is the one that was fetched last."""

from typing import BinaryIO

from security.at_rest import Unreadable
from uploads.models import Source
from uploads.sources import https, sftp
from uploads.sources.fetched import Fetched, FetchFailed, Unchanged

__all__ = ["FetchFailed", "Fetched", "Unchanged", "fetched"]


def fetched(source: Source, into: BinaryIO) -> Fetched | Unchanged:
    """Fetch the source's file into `into`, if it isn't the one that is known. Raises FetchFailed."""
    by = sftp.fetched if source.kind == Source.Kind.SFTP else https.fetched
    try:
        return by(source, into)
    except Unreadable as error:
        message = "Our keys were changed, and what it signs in with can't be read any more. Type it again."
        raise FetchFailed("credentials_unreadable", message) from error
