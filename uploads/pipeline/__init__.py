"""The journey of a row, step by step.

receive.py       step 1: check the file, store it, open the upload
stage.py         step 3: rows → items in DynamoDB
stream.py        step 4: the table's stream → batches
judge.py         step 5: asks catalog.rules.validator about a batch of records
commit.py        step 6: a batch → one transaction
writeback.py     step 7: outcome → status in DynamoDB
finish.py        step 8: completion, error report, notification
ledger.py        what became of each record
reconcile.py     finds what no wake-up delivered
column_rules.py  what a vendor's columns mean
"""
