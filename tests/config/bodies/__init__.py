"""What is refused before it is read, what comes too slowly, and the proxy in front."""
