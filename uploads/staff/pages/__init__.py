"""What the pages of one upload, one vendor and one product are made of.

upload.py   an upload: what became of it, its problems with the way to mend them
vendor.py   a vendor: its numbers, uploads, problems, people
pausing.py  its feeds paused, and resumed
waiting_records.py  records of its programs that look wrong, and what becomes of them
product.py  a product: its offer, where it came from, its timeline
work.py     jobs as lines of these pages
history.py  who did what, and when
"""
