"""The product's DynamoDB side on AWS's own engine, DynamoDB Local, or on a real account (CONTRIBUTING.md).

The other tests run on the embedded endpoint, which isn't AWS's: what that takes and DynamoDB refuses, how shards roll,
and what a stream says of records that are gone, is asked here.
"""
