"""What goes out to addresses that vendors name: bounded in where, how long and how much.

Sources and webhooks let people outside say where we connect to, from inside of somebody's network. So nothing else in
the product opens a connection to an address that a vendor gave.

addresses.py  which addresses of the network may be connected to at all
connect.py    a host and a port → a connection to an address that was looked at
http.py       one call, or one file, over it
refused.py    why something didn't come about, in a sentence for people
"""
