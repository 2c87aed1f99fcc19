"""Talking to a source's server: its file into one of ours, or that it is the one that was fetched last."""

from typing import BinaryIO

from uploads.models import Source
from uploads.sources import https, sftp
from uploads.sources.fetched import Fetched, FetchFailed, Unchanged

__all__ = ["FetchFailed", "Fetched", "Unchanged", "fetched"]


def fetched(source: Source, into: BinaryIO) -> Fetched | Unchanged:
    """Fetch the source's file into `into`, if it isn't the one that is known. Raises FetchFailed."""
    if source.kind == Source.Kind.SFTP:
        return sftp.fetched(source, into)
    return https.fetched(source, into)
