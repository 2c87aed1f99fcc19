"""What is deleted: by its age, and where a vendor has left. How long what is kept stands in uploads/work/policies.py.

passes.py     a pass over each kind, in its turn
turn.py       what a worker that deletes holds: the lease, and how far it is
archive.py    uploads that ended long ago change nothing any more; their rows and settled errors
stored.py     files in storage
export.py     all data of one vendor as a file
offboarding.py what is deleted of a vendor that has left
logs.py       jobs, the admin's history, outages, answers to programs, deliveries of webhooks
notes.py      notes of work: of what was done, and of what is over
"""
