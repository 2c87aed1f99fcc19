"""What a workbook may cost as a whole, whatever its sheets and parts are: one budget, spent wherever anything is read.

What stands here bounds the work: bytes and signs that are unpacked, cells, merges, text that is written, how much is
looked through for a header. What is kept in memory is bounded where it is kept (parts.py). Empty cells that nothing
stands behind cost the bytes that they take and nothing else.
"""

from dataclasses import dataclass, field
from typing import Final

from uploads.feed.lines import FeedError

MAX_SIGNS: Final = 60_000_000  # `<` and `=` of all parts, each as often as it is read: a cell of a number has five
MAX_CELLS: Final = 10_000_000  # those included that are empty before one that isn't
MAX_WRITTEN: Final = 2 * MAX_CELLS  # merged cells are filled in a second time
MAX_MERGES: Final = 100_000
MAX_TEXT: Final = 256 * 1024 * 1024  # characters: one shared text may stand in each of a million cells
MAX_HEADS: Final = 100  # sheets that are looked at for a header
MAX_HEAD_CHARS: Final = 1_000_000  # of all of these

TOO_LARGE: Final = (
    "This workbook is far larger inside than a catalog needs. Copy the table into a new workbook, or save it as CSV, "
    "and upload that file."
)


def too_large() -> FeedError:
    return FeedError("workbook_too_large", TOO_LARGE)


@dataclass
class Budget:
    """What is left. `unpacked` are bytes."""

    unpacked: int
    signs: int = field(default_factory=lambda: MAX_SIGNS)
    cells: int = field(default_factory=lambda: MAX_CELLS)
    written: int = field(default_factory=lambda: MAX_WRITTEN)
    merges: int = field(default_factory=lambda: MAX_MERGES)
    text: int = field(default_factory=lambda: MAX_TEXT)
    heads: int = field(default_factory=lambda: MAX_HEADS)
    head_chars: int = field(default_factory=lambda: MAX_HEAD_CHARS)

    def unpack(self, chunk: bytes) -> None:
        """Pay for a block of XML. Its signs are counted as they stand, since tags cost more than the text in them:
        `<row/>` a million times is six megabytes, and packed six kilobytes. Raises FeedError.
        """
        self.unpacked -= len(chunk)
        self.signs -= chunk.count(b"<") + chunk.count(b"=")
        if self.unpacked < 0 or self.signs < 0:
            raise too_large()

    def read(self, cells: int) -> None:
        """Pay for a row of a sheet. Raises FeedError."""
        self.cells -= cells
        if self.cells < 0:
            raise too_large()

    def write(self, cells: int, chars: int) -> None:
        """Pay for a row of the text that is made of a sheet. Raises FeedError."""
        self.written -= cells
        self.text -= chars
        if self.written < 0 or self.text < 0:
            raise too_large()

    def merge(self) -> None:
        """Pay for cells that are merged. Raises FeedError."""
        self.merges -= 1
        if self.merges < 0:
            raise too_large()

    def look(self, chars: int) -> bool:
        """Pay for a look at the first rows of a sheet, if there is enough left for one."""
        self.heads -= 1
        self.head_chars -= chars
        return self.heads >= 0 and self.head_chars >= 0
