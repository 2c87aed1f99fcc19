"""What holds for the whole site: every page, every address, every table."""
