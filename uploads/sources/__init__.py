"""Where a vendor's feed lies, and how it is fetched.

run.py        one fetch from its claim to its end
schedule.py   when a source is fetched
claims.py     who fetches which source
outcomes.py   what came of a fetch, and what follows
changes.py    what people do with a source
tell.py       mails to its owners
host_keys.py  the key by which an SFTP server is known
fetch.py      talking to its server
fetched.py    what that comes to
https.py      an address of HTTPS
sftp.py       an SFTP server, by its confirmed host key
secrets.py    what proves us to it
"""
