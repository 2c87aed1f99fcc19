"""What is measured and what is logged: how somebody sees from outside whether the platform is well.

ids.py       which request, upload, vendor and job a thread is at
meters.py    what processes measure: requests, tasks, commits, what AWS takes
counted.py   the files in which processes count, and what of those that died is kept
answering.py middleware: a request's ID, its time, its route
pages.py     how a request is told
working.py   the same for tasks: IDs travel with them
lost.py      tasks whose process was killed, or that ran out of time
channel.py   what is left of a connection to Redis that was lost
told.py      what may be said of an error, and of a refused page
lines.py     log lines, as JSON or for the eye
server.py    gunicorn's own lines
beat.py       how often beat sends which task
schedule.py  the schedule's own process, with a sign of life
traces.py    Sentry and OpenTelemetry, where they are switched on
"""
