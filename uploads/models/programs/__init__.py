"""What programs send without a person beside them.

feeds.py    what was sent or announced, until it is an upload or ends otherwise; and answers that are given twice
minutes.py  what they did to products lately, by the minute
sources.py  where a vendor's feed lies, when it is fetched, and what came of it
"""

from uploads.models.programs.feeds import Feed, IdempotentCall
from uploads.models.programs.minutes import ProgramMinute
from uploads.models.programs.sources import Source, SourceRun

__all__ = ["Feed", "IdempotentCall", "ProgramMinute", "Source", "SourceRun"]
