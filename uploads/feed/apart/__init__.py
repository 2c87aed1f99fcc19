"""A file is read in a process of its own, so that what it costs is bounded.

reader.py   how a file is read, as one question with one answer; and the process that answers it
process.py  starts that process, and says what it may cost
understood.py  the plan of a known format, and what the rows leave open
kept_heads.py  the first rows of groups, where there may be more than memory has room for
"""
