"""The journey of a row, step by step.

receive.py       step 1: store the file, open the upload
examine.py       what a file is, and how it is to be read
stage.py         step 3: rows → items in DynamoDB
staged_rows.py   the rows as they go into the table
stream.py        step 4: the table's stream → batches
shards.py        the stream's shards: which there are, and who reads them
judge.py         step 5: asks catalog.rules.validator about a batch of records
commit.py        step 6: a batch → one transaction
writeback.py     step 7: outcome → status in DynamoDB
finish.py        step 8: completion, notification
report.py        the error report
ledger.py        what became of each record
reconcile.py     what was not delivered of one upload, found and handed on
upkeep.py        what the schedule does
remembered.py    what people chose for files with the same columns
guard/           what holds a file before its first row is staged, and who lets it through
understood/      rows of known formats: what they mean, and the first rows of groups
weighing/        which problems are errors, as staff said
settling/        errors that nobody has to do anything about any more, though their rows were not retried
replace/         what becomes of products that a whole catalog lacks
holding/         vendors whose rows wait, and what waited going on
table/           the table itself, where its stream can't be trusted to have shown everything
"""
