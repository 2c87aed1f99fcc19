"""The pure core: from a file's bytes to rows, from a row to a product draft or to problems that people can mend.

Nothing in this package imports Django, AWS or another app, so every rule about feeds can be read, tested and
measured on its own.

    parser.py     step 2: bytes → rows, with the position to go on from
    header.py     what a file is: format, encoding, delimiter, header
    lines.py      bytes → physical lines, and their text
    columns.py    which header means which field
    validator.py  step 5: a row → a product draft, or all of its problems
    money.py      what `$1,299.00` and `1.299,00 €` mean, where it is unambiguous
    problems.py   the codes, shared by all of them
    sample.py     realistic feeds with errors of every kind, for demos and tests
"""
