"""The pages' English.

formats.py  what Django asks for by these names
"""
