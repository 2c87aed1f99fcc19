"""Servers on loopback that tests talk to: https.py, and sftp.py."""
