"""The guard: files that are held before their first row is committed."""
