"""A file is read in a process of its own, so that what it costs is bounded.

reader.py   how a file is read, as one question with one answer; and the process that answers it
process.py  starts that process, and says what it may cost
"""
