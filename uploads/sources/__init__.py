"""Where a vendor's feed lies, and how it is fetched."""
