"""What vendors' programs have, in the admin.

tokens.py    their tokens: who has which, made and revoked
webhooks.py  where they are told of events, and what came of it
"""
