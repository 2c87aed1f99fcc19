"""Many vendors send files at once, while people look at pages: is anything lost, and does anybody have to wait?

running.py   the platform that is loaded, with its vendors and the sessions of their people
browsers.py  who asks over HTTP, and what each answer was
run.py       pages without uploads, and with them
senders.py   a vendor that sends one file after the other and watches its progress
lookers.py   people who look at pages; an HTTP API gets its lines there
watching.py  what processes need and how far the stream is behind, meanwhile
verdict.py   what was lost, and all of it in words
"""
