"""What a vendor's programs are told, after the Standard Webhooks specification.

announce.py  an event → a delivery for each webhook that wants it, in the transaction that makes it true
"""
