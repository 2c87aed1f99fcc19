"""Who may send products: vendors, and who may see which of them (access.py)."""
