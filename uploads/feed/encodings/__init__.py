"""Which encoding a file's text is in, and why.

encoding.py   the encoding that its words and signs speak for, or the question about it
no_text.py    what is refused before that: archives, images, web pages
languages.py  how words look in the languages of feeds: the evidence for it (letters.txt, common.txt)
"""
