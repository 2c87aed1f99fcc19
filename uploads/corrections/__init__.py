"""What is done about rows after they failed, and about uploads after they changed the catalog.

failed_rows.py  which rows failed, by what is wrong with them
error_rows.py   what vendors see of them
retry.py        a row is judged again, corrected or as it came
undo.py         what an upload changed is taken back
"""
