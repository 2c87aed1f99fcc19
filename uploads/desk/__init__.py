"""What waits for a person: found, counted, and put in the order in which it matters; what people note of it.

"""
