"""Rules that staff set, with a browser beside them."""
