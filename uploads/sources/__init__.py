"""Where a vendor's feed lies, and how it is fetched.

fetch.py    talking to its server
fetched.py  what that comes to
https.py    an address of HTTPS
sftp.py     an SFTP server, by its confirmed host key
secrets.py  what proves us to it
"""
