"""A row's journey from a vendor's file to the catalog. The steps, and where each lives:

    1  receive.py           check the file, store it, open the upload
    2  feed/parser.py       bytes → rows
    3  stage.py             rows → items in DynamoDB
    4  stream.py            the table's stream → batches: shards, leases, checkpoints
    5  catalog/rules/validator.py
                            a row → a product draft, or all of its problems; judge.py asks it about a batch of records
    6  catalog/committer.py drafts → products; batch.py puts them into one transaction with ledger, errors, counters
                            and checkpoint
    7  writeback.py         outcome → status in DynamoDB
    8  finish.py            completion, error report, notification

What people ask for goes through jobs.py: replay.py tries again what failed_rows.py finds, undo.py takes back what an
upload changed, dry_run.py tells what a whole file would do. In the admin they are upload_actions.py, error_admin.py
with correction_pages.py, category_replay.py and job_admin.py; record_pages.py shows what DynamoDB has of an upload,
listing.py is what the lists share.

The vendors' own pages have their addresses in vendor_urls.py; vendor_pages.py is where they begin, vendor_upload.py
is how a file is sent from there, feed_guide.py what its columns are, and vendor_progress.py how it gets on. There, too,
failed rows are mended: vendor_errors.py shows what error_rows.py asks for, catalog/rules/explained.py says what each
kind of error means. vendor_catalog.py has a vendor's products, vendor_quality_pages.py its uploads over time, and
sku_search.py tells where one product is.

Beside the journey: ledger.py is what became of each record; reconcile.py finds what no wake-up delivered; progress.py
tells where an upload stands; records.py is the shape of a record; models.py and stream_models.py are what stands in
PostgreSQL; dynamo.py and storage.py are the only doors to DynamoDB and to file storage, wire.py is how requests get
through the first; tasks.py holds Celery's shells;
spreadsheet.py makes exported cells harmless; terminal.py shows progress on the command line; preview.py tells what a
file would do, and incoming.py keeps it until that is confirmed; preview_form.py is the preview as a form, in which
columns are mapped, and mapping.py remembers that for the vendor's next files; importing.py is the way of a file
from choice to confirmation, feed/workbook.py what makes text of a workbook; product_import.py, downloads.py and
rules_admin.py are the admin's ways to send a file, to fetch one, and to see what was remembered. dashboard.py has the
figures of the admin's index, dashboard_pages.py puts them into words and charts.py into charts; vendor_quality.py
shows those of one vendor on its page; timeline.py tells what became of one product.
"""
