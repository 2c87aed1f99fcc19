"""The validated catalog: products and the category whitelist. committer.py is the only writer of products."""
