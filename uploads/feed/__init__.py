"""The pure core: from a file's bytes to rows, or to problems that people can correct.

Nothing in this package imports Django or AWS, nor more of another app than catalog.rules, so every rule about feeds
can be read, tested and measured on its own.

    parser.py   step 2: bytes → rows, with the position to go on from
    header.py   what a file is: format, delimiter, header
    encodings/  which encoding its text is in, and why
    quotes.py   how the quotes of a row pair up
    widths.py   how many cells the rows of a file have
    doubts.py   why a row may be meant as another one
    lines.py    bytes → physical lines, and their text
    questions.py what a file leaves open, for a person to decide
    formats/    what rows of shops’ files and of own lists mean
    prices.py   which currency the prices are in
    columns.py  which header means which field
    aliases.py  the names that columns go by
    rivals.py   which of several columns a field is read from
    choices.py  what a person said about the columns
    shops.py    what rows of Shopify's and WooCommerce's exports mean
    workbook.py a workbook → the text of the sheet that fits
    sheets/     what the parts of a workbook say, cell by cell
    apart/      a file is read in a process of its own, so that what it costs is bounded
    sample.py   realistic feeds with errors of every kind, for demos and tests
"""
