"""The entry of a child process: `python -m torana.cli.process ROLE`, started by the supervisor only.

It imports what its role needs and nothing else: a gate that carried SQL or a web framework would be slower and larger.
"""

import signal
import sys

from torana import wiring
from torana.settings import SettingError
from torana.supervisor.handover import FATAL, CannotStart, Handover, enter, receive, say_fatal, say_ready


def main() -> int:
    """Be the child that the environment describes; returns the exit status."""
    try:
        handover = receive()
    except CannotStart as reason:
        print(f"torana: {reason}", file=sys.stderr)
        return 1
    enter(handover)
    # Ctrl-C is for the supervisor, which asks the children in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from torana.kit import log

    log.configure(handover.title.removeprefix("torana: "), handover.settings.log_level, handover.settings.log_format)
    try:
        _run(handover)
    except (CannotStart, SettingError) as reason:
        say_fatal(handover, str(reason))
        return FATAL
    except Exception as error:
        log.logger().error("process_failed", exc_info=error)
        return 1
    return 0


def _run(handover: Handover) -> None:
    settings = handover.settings

    def ready() -> None:
        say_ready(handover)

    match handover.role:
        case "gate":
            wiring.run_gate(settings, handover.slot, handover.listen_fd, ready)
        case "control":
            wiring.run_control(settings, handover.listen_fd, ready)
        case "recorder":
            wiring.run_recorder(settings, ready)
        case "init":
            say_ready(handover, wiring.init_instance_as_json(settings))
        case "apply":
            wiring.apply_to_running(settings)
            ready()
        case other:
            raise CannotStart(f"there is no process of the kind {other!r}.")


if __name__ == "__main__":
    sys.exit(main())
