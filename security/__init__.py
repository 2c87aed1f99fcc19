"""What happened that matters to who guards the platform, kept where nobody changes it; and secrets kept unreadable.

Knows of no vendors and no uploads: their modules call `log.note`, and name in their apps.py what is watched.

models.py     the security log: one row for each thing that happened, and its kinds
log.py        writing to it, and forgetting what is older than it is kept
here.py       who asks, from which address and with which program
watched.py    tables whose changes are noted, whoever makes them
accounts.py   sign-ins, factors, passwords, permissions: what Django and allauth tell of
alarms.py     the mail when an account or an address is shut out
admin.py      the log's page, for those who may see it
refusals.py   settings that no deployment starts with
at_rest.py    texts encrypted with keys made of SECRET_KEY
factors.py    second factors: their secrets encrypted, and their lock noted
"""
