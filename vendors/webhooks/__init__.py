"""What a vendor's programs are told, after the Standard Webhooks specification.

announce.py   an event → a delivery for each webhook that wants it, in the transaction that makes it true
deliver.py    deliveries that are due → calls, and what came of them
sign.py       signatures, and the secrets that make them
disabling.py  what is told of nothing any more, and why
make.py       made, changed, tried, deleted; a delivery sent again
"""
