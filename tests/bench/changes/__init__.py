"""What changes a catalog without being a full list of it: lists of prices and stock, and whole catalogs."""
