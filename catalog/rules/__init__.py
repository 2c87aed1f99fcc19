"""What a product must be: pure, and shared by feeds, by forms and by the one who writes products.

    fields.py     the fields of a product: their names, labels and limits
    validator.py  step 5: a row → a product draft, or all of its problems
    values/       what a cell means, where that takes more than a look
    clashes.py    what is wrong with a row because of other data
    offers.py     a row that only changes a product, judged by the same rules
    cells.py      what a cell is before a field judges it: `="001001"`, invisible characters, spaces
    leftovers.py  what spreadsheets and programs leave in place of a value: #N/A, NULL, 3-Apr, 4.7E+07
    identifiers.py  what makes a cell a product ID or a SKU
    garbled.py    text that was turned into other letters on its way
    money.py      what `$1,299.00` and `1.299,00 €` mean, where it is unambiguous
    in_currency.py whether a row is in the currency that is expected
    currencies.py the codes of ISO 4217, and which of them a mark beside a price can mean
    problems.py   the codes of what can be wrong, and the shape in which problems travel
    severity/     which problems keep a row out, and what is worth a look in one that is right
    explained.py  each code in a sentence
    places.py     where a row stands, in words

Nothing here imports Django, or any other package of the project.
"""
