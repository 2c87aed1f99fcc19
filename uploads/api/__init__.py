"""The HTTP API for a vendor's programs, below /api/v1/.

base.py          what all calls have in common: whose token, limits, answers that are given twice, refusals
limits.py        how many calls a token may make
idempotent.py    the same call twice is done once
problems.py      refusals as RFC 9457 has them, each kind with its explanation
cursors.py       long lists a page at a time, by opaque cursors
shapes.py        the base of what is sent and answered
feed_out.py      a feed, as programs are told of it
webhook_out.py   webhooks and deliveries, as programs send them and are told of them
samples.py       what is wrong with a feed's rows, with a few samples
row_outcomes.py  what became of rows, as it is asked of the database
targets.py       where a file is put, on a site whose storage programs can't reach
every_call.py    the API with all its calls
document.py      the API as OpenAPI describes it
pages.py         the same for people, with what problems and codes mean
urls.py          the addresses
calls/           the calls
"""
