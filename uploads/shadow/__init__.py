"""What a change would do: the rows of the last days, judged once as things stand and once as they would be.

changes.py     a change that isn't stored, and what rows would be held against with it
stored.py      the rows of past uploads, as they were sent or corrected
compare.py     a row judged twice: what differs, and how that is added up
offered.py     rows that only change a product: judged in its category
held.py        an upload that was measured: whether a threshold of the guard would have held it
moved.py       a severity of what only a product's change shows
effects.py     what became of the rows of past uploads, for both
run.py         the job: asked for, done in slices, stopped
forget.py      examples of a vendor's rows, forgotten with the vendor
canary.py      a tested change that is made, for some vendors first

No test writes anything but its own job: no product, no ledger row, no error, nothing in DynamoDB.
"""
