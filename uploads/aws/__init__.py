"""The only doors to DynamoDB, its streams and file storage. What AWS's libraries raise is translated here.

answers.py     when each last answered
client.py      how requests get through: botocore's clients without its slow parts
shape.py       what the table is made of
expiry.py      whether the table deletes records by their date
dynamo.py      the table UploadRecords and its stream
limits.py      what DynamoDB refuses for good
operations.py  what was asked for, as policies name it
measured.py    how long they take, and how they end
records.py     the shape of a record, and what is read of one that another program wrote
storage.py     files
"""
