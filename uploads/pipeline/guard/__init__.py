"""The guard: before the first row of an upload is staged, the trial of the whole file is held against thresholds.

thresholds.py  beyond what a file is held: defaults, what staff set, which of these counts
measured.py    what a trial counts: pure
check.py       whether that goes beyond a threshold: pure
facts.py       whether a check is needed, and what a file is compared with
hold.py        pass, hold, let through, cancel: each in one transaction
told.py        the mails to owners

Nobody has to know where the trial was made: in the preview, by a worker before the staging (uploads/preview/trial.py),
or of rows that came in another way. `check.check(measured, thresholds.counting(vendor_id, given))` is all that decides.
"""
