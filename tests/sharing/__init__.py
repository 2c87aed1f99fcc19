"""How a run of all tests is shared between workers."""
