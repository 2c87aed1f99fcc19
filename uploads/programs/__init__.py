"""Feeds that come without a person beside them: what the HTTP API and the sources both do with a file.

feeds.py  announced, sent, submitted, answered, cancelled: what a program does
take.py   what a worker does with one that was submitted: open its upload, hold it, try it, or say why not
"""
