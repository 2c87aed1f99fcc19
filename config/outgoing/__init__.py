"""What goes out to addresses that vendors name: bounded in where, how long and how much."""
