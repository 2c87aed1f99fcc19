"""Kill random processes while feeds are imported and another program writes into the table, and compare the outcome
with an undisturbed run, row for row: products, ledger, their changes, errors, counters and statuses.

The files are full lists, lists that change and retire products by rows, and whole catalogs, each fourth blow in the
middle of what one retires. Those that the guard holds are let through or cancelled.

    python -m tests.torture --kills 50 --rows 20000 --seed 1
    python -m tests.torture --engine local

Real processes: several workers, their children, beat, Redis, PostgreSQL's server and single connections of it. Not what
holds the table, which keeps it in memory: real DynamoDB doesn't forget what it confirmed. On AWS's own engine
(tests/engine) the table's stream is turned off and on again and its shards roll, too. The seed decides what is hit
next, after how many rows, and what the other program writes; the same seed plays the same plan.

plan.py     the disturbed run and the calm one, and what differs between them
files.py    what the vendors send
run.py      one platform: what is sent there, and how all of it ended
blows.py    what is done to it
foreign.py  what the other program writes
"""
