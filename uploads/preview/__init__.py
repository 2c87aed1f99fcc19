"""What a file would do, before it is sent. Nothing here writes to the catalog.

kept_files.py  a chosen file is kept aside until it is confirmed
verdicts.py    how it is read, and a verdict on each of its first rows
shown.py       the same as pages show it
asked.py       the questions as a form asks them, and the answers that it sends
form.py        the preview as a form, and what the form says when it comes back
dry_run.py     what the whole file would do, and what it leaves open
trial.py       the same of a file that is stored, for the guard
accepted.py    what earlier pages of a dry run would have accepted
lacking.py     which products a whole catalog lacks
outlook.py     what would happen in one sentence, and what the button says
explain.py     how a file would be read, for programs
quota.py       how much may be previewed within an hour
flow.py        choose → preview → confirm, whichever page it is on
"""
