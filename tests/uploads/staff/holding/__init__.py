"""A vendor whose rows wait, as staff and its people see it and decide about it."""
