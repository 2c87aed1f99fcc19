"""How dates look on every page: as ISO 8601 has them, for they are read in many countries (FORMAT_MODULE_PATH).

en/  the formats of the language that the pages are in
"""
