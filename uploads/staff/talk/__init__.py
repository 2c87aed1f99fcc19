"""What staff say, to each other and to vendors, on whatever page of the admin.

conversation.py  a conversation with its form, and what is sent from there
"""
