"""What talking to a source's server comes to: its file, that it is the one that was fetched last, or why not."""

from dataclasses import dataclass
from typing import Final

# What another try within the slot doesn't help: somebody has to change something.
FOR_PEOPLE: Final = frozenset(
    {"not_an_address", "not_https", "address_not_allowed", "too_large", "too_many_redirects", "encoding", "tls"}
)


@dataclass(frozen=True)
class Fetched:
    """The file is there: its bytes and SHA-256, and by what its server knows it."""

    size: int
    sha256: str
    etag: str = ""
    last_modified: str = ""
    remote_size: int | None = None
    remote_time: int | None = None
    file_name: str = "feed.csv"


@dataclass(frozen=True)
class Unchanged:
    """Its server says that it is the file that was fetched last."""


class FetchFailed(Exception):
    """Nothing was fetched. `code` names why; `again`: another try may help. `host_key` is one that nobody confirmed."""

    def __init__(self, code: str, message: str, again: bool = False, host_key: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.again, self.host_key = code, message, again, host_key
