"""What is noted, and who may read it; and secrets that no copy of the database tells."""
