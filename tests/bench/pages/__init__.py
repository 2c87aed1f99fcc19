"""Every page on a full database."""
