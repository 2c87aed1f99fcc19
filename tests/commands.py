"""Commands, called as `manage.py` calls them."""

import io

from django.core.management import CommandError, call_command


def as_manage_py(*arguments: str) -> tuple[int, str, str]:
    """The exit status, and what went to standard output and to standard error, where an error that a command reports
    goes as well."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
        status = error.returncode
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()
