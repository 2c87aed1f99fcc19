"""A row's journey from a vendor's file to the catalog. The steps, and where each lives:

    1  pipeline/receive.py         check the file, store it, open the upload
    2  feed/parser.py              bytes → rows
    3  pipeline/stage.py           rows → items in DynamoDB
    4  pipeline/stream.py          the table's stream → batches: shards, leases, checkpoints
    5  catalog/rules/validator.py  a row → a product draft, or all of its problems; pipeline/judge.py asks it about a
                                   batch of records
    6  catalog/committer.py        drafts → products; pipeline/commit.py puts them into one transaction with ledger,
                                   errors, counters and checkpoint
    7  pipeline/writeback.py       outcome → status in DynamoDB
    8  pipeline/finish.py          completion, error report, notification

What stands in PostgreSQL is in models/.
"""
