"""Feeds that come without a person beside them: what the HTTP API and the sources both do with a file."""
