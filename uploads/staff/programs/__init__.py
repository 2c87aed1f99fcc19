"""What vendors' programs have, in the admin.

tokens.py  their tokens: who has which, made and revoked
"""
