"""What all pages share: lists that stay cheap, exports, words and links. Nothing here knows of vendors or uploads.

tables.py            the admin's lists: exports, pages, bounded deletions
filters.py           filters of those lists
links.py             links into the admin and to the site, small pieces of HTML
paging.py            pages of lists that may have millions of rows
confirm.py           the page between choosing an action and doing it
admin_log.py         what people did, in the admin's log
exports.py           lists as CSV and XLSX
workbooks/           how a workbook is written
signed_in.py         how long somebody stays signed in, and what needs a fresh sign-in
known.py             browsers in which somebody has signed in before
spreadsheet.py       cells that a spreadsheet would run, made harmless
formats/             how dates look
text.py              words and texts as people see them
names.py             what a name may be made of
template_filters.py  the same for templates
refuse_nul.py        addresses and forms with NUL characters
"""
