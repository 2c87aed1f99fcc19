"""A row's journey from a vendor's file to the catalog. The steps, and where each lives:

    1  pipeline/receive.py         check the file (examine.py), store it, open the upload
    2  feed/parser.py              bytes → rows
    3  pipeline/stage.py           rows (staged_rows.py) → items in DynamoDB
    4  pipeline/stream.py          the table's stream → batches; shards.py has its shards and who reads them
    5  catalog/rules/validator.py  a row → a product draft, or all of its problems; judge.py asks it about a batch
    6  catalog/committer.py        drafts → products; commit.py puts them into one transaction with the ledger, the
                                   errors, the counters and the checkpoint
    7  pipeline/writeback.py       outcome → status in DynamoDB
    8  pipeline/finish.py          completion and notification; report.py is the error report

The rooms, from the top down; imports go down only (docs/architecture.md):

    admin.py, tasks.py, management/, templatetags/  what Django and Celery look for: registrations and shells
    staff/        the admin's pages
    portal/       the vendors' pages
    api/          the HTTP API for vendors' programs
    desk/         what waits for a person
    keeping/      what is deleted by its age
    sources/      feeds that are fetched
    programs/     feeds that come without a person beside them
    corrections/  what is done about rows after they failed
    preview/      what a file would do, before it is sent
    shadow/       what a change of rules would do, before it is made
    insight/      questions that only read
    pipeline/     the journey
    work/         jobs, leases, wake-ups, outages, the schedule's steps
    aws/          the doors to DynamoDB, its stream and file storage
    feed/         bytes → rows, pure
    models/       what stands in PostgreSQL

What a folder's files are for stands in its own __init__.py.
"""
