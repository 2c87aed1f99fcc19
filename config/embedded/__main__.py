"""The command line of the embedded services: `python -m config.embedded up | down | status | during COMMAND`."""

import os
import signal
import subprocess
import sys

import environ

from config.embedded.processes import PRIVATE_UMASK, ROOT, StartError
from config.embedded.services import running, status, stop, up


def _during(command: list[str]) -> int:
    """Run a command with everything up; a Ctrl-C or SIGTERM ends the command first, then what we started."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    with running():
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT)  # noqa: S603 - the command is ours
        try:
            return process.wait()
        except KeyboardInterrupt:
            # A second Ctrl-C while stopping would leave processes behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            process.terminate()
            process.wait()
            return 0


def main(arguments: list[str]) -> int:
    """What the arguments ask for; returns the exit status."""
    environ.Env.read_env(ROOT / ".env")
    os.umask(PRIVATE_UMASK)  # of the command that runs with them, too: mails, files that are on their way
    try:
        match arguments:
            case ["up"]:
                up()
                print(status())  # noqa: T201 - a command's output
            case ["down"]:
                print("stopped: " + (", ".join(stop()) or "nothing was running"))  # noqa: T201
            case ["status"]:
                print(status())  # noqa: T201
            case ["during", *command] if command:
                return _during(command)
            case _:
                print("usage: python -m config.embedded up | down | status | during COMMAND ...")  # noqa: T201
                return 2
    except StartError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
