"""Uploads and the outcome of every record: what PostgreSQL knows about a file's way into the catalog.

uploads.py  one upload: its file, its state, its counters
results.py  what came of it, in words
errors.py   what was wrong with rows, what was corrected, and what was retried by itself
heads.py    the first rows of groups in a shop's export
ledger.py   what became of each record, written once
stream.py   how far the table's stream was read, and by whom
outages.py  services that were away
upkeep.py   what of the schedule fails
kept.py     how much there is of what is kept for a while, and how much was deleted
jobs.py     work that somebody asked for, and what happened that asks for some
guard.py    beyond what a file is held, and how a catalog moves
rules.py    what a vendor's columns and values mean, and how grave kinds of problems are
values.py   how many open rows have which wrong value, of a vendor and of all
desk.py     what people note of work that waits for them, and what they say about it
views.py    the views
programs/   feeds of programs, and where feeds are fetched from
"""

from uploads.models.desk import COMMENT_CHARS, SEEN_WITH, Comment, WorkItem
from uploads.models.errors import VALUE_CHARS, Correction, SelfRetry, ValidationError
from uploads.models.guard import CatalogGeneration, GuardThreshold
from uploads.models.heads import UploadHead
from uploads.models.jobs import Happening, Job, why_retried
from uploads.models.kept import Kept
from uploads.models.ledger import RecordOutcome
from uploads.models.outages import ServiceOutage
from uploads.models.programs import Feed, IdempotentCall, ProgramMinute, Source, SourceRun
from uploads.models.rules import RememberedReading, SeverityRule, ValueRule
from uploads.models.stream import StreamShard, StreamWorker, TableStream
from uploads.models.upkeep import UpkeepStep
from uploads.models.uploads import UploadHistory
from uploads.models.values import OpenValue, ValueTotal
from uploads.models.views import RecentUpload, VendorSummary

__all__ = [
    "COMMENT_CHARS",
    "SEEN_WITH",
    "VALUE_CHARS",
    "CatalogGeneration",
    "Comment",
    "Correction",
    "Feed",
    "GuardThreshold",
    "Happening",
    "IdempotentCall",
    "Job",
    "Kept",
    "OpenValue",
    "ProgramMinute",
    "RecentUpload",
    "RecordOutcome",
    "RememberedReading",
    "SelfRetry",
    "ServiceOutage",
    "SeverityRule",
    "Source",
    "SourceRun",
    "StreamShard",
    "StreamWorker",
    "TableStream",
    "UpkeepStep",
    "UploadHead",
    "UploadHistory",
    "ValidationError",
    "ValueRule",
    "ValueTotal",
    "VendorSummary",
    "WorkItem",
    "why_retried",
]
