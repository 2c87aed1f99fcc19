"""What people and programs send: how much of it, to which address, and how slowly: docs/security.md, Bodies and floods.

limits.py  the table: what each address takes, and from whom
refuse.py  middleware that refuses the rest before anything of it is read
worker.py  gunicorn's worker: a thread begins with a request when that is there as a whole
"""
