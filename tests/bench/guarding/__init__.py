"""What the check before the first row costs."""
