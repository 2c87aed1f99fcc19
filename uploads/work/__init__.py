"""How work gets to workers, whatever it is about.

turns.py    one at a time of a vendor
wakeups.py  a worker is woken by the name of a task
leases.py   one worker at a time has the right to go on with a piece of work
jobs.py     what people ask for and takes longer than a page: done in slices
outages.py  what work waits for, said once
policies.py how long what is kept
steps.py    what the schedule does: each step fails alone
events.py   what programs are told of an upload
"""
