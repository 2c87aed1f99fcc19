"""A vendor's programs, with a browser beside them."""
