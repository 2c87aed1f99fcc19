"""What is done about rows after they failed, and about uploads after they changed the catalog.

failed_rows.py    which rows failed, by what is wrong with them
error_rows.py     what people see of them, by kind
correct.py        cells are changed, and the rows judged again at once
row_form.py       the form of such rows, and what is said of it
wrong_values.py   all wrong and missing values of a field
came.py           what came of a job about rows, and what is left
waiting_rows.py   rows that waited for their category
ignoring.py       rows that nobody wants to correct, until they are taken back
settled_rows.py   rows that are ignored, or have closed
retry.py          rows are judged again
by_itself.py      rows that are judged again by themselves
happenings.py     what happened, and whose rows waited for it
undo.py           what an upload changed is taken back
"""
