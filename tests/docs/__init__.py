"""What the documents name is there, and what is there is documented.

    pages.py               the documents, and what is code in them
    test_named.py          commands, options, targets, variables, metrics, files, addresses, links
    test_documented.py     the same the other way round; how long README is, and its pictures

What one document alone promises is held elsewhere: alerts and figures by config/watch/test_documented.py, the guide's
arithmetic by deploy/test_guide.py, permissions, bad input and security beside what they are about.
"""
