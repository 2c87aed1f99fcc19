"""What files of shops and lists of the vendor's own mean."""
