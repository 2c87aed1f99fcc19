"""The local PostgreSQL, Redis and AWS endpoint that run when no URL is configured.

    services.py   what there is, which of it runs, starting and stopping
    postgres.py   how PostgreSQL is started
    endpoint.py   AWS's services, for this installation's own requests only
    processes.py  processes that are remembered from one start to the next; whose turn it is to change them
    logs.py       what the services log, kept small
    __main__.py   python -m config.embedded up | down | status | during COMMAND

Nothing here imports Django or the apps: settings read the URLs from here, whether the services run or not.
"""
