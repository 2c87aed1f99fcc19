"""Vendors whose rows wait: what is left as it is, and that it all goes on."""
