"""Walks about what feeds may do to a catalog."""
