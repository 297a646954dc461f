"""What can be found wrong before anything is started. Each check returns quietly or raises CannotStart with one line."""

import os
import tempfile
from pathlib import Path

from torana import wiring
from torana.settings import Settings, variable
from torana.supervisor.handover import CannotStart


def check_folder(folder: Path) -> None:
    """Make the data folder, with mode 0700, unless it is there; and make sure that it can be written."""
    if folder.exists() and not folder.is_dir():
        raise CannotStart(f"the data folder {folder} is a file. Choose a folder with --data.")
    # Whatever this process and its children make is for their owner, even in a folder that others can enter.
    os.umask(0o077)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "Choose another with --data, or change its owner or mode."
        raise CannotStart(f"the data folder {folder} cannot be written: {error.strerror}. {advice}") from None


def check_schema(settings: Settings) -> None:
    """The SQLite file is one that this program knows."""
    if (problem := wiring.schema_problem(settings)) is not None:
        raise CannotStart(problem)


def check_master_key(settings: Settings) -> None:
    """The master key can be read and nobody else can read it."""
    if (problem := wiring.master_key_problem(settings)) is not None:
        raise CannotStart(problem)


def check_config(settings: Settings) -> None:
    """The file to apply at the start can be read; what stands in it is checked by control."""
    if settings.config:
        _check_readable("config", settings.config)


def check_tls(settings: Settings) -> None:
    """Certificate and key can be read and belong together."""
    if not settings.tls_certificate:
        return
    _check_readable("tls_certificate", settings.tls_certificate)
    _check_readable("tls_key", settings.tls_key)
    import ssl

    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise CannotStart(
            f"tls_certificate={settings.tls_certificate!r} and tls_key={settings.tls_key!r} cannot be used together: {reason}."
            " Both have to be PEM files, the key without a password."
        ) from None


def gate_count(settings: Settings) -> int:
    """Gates to start: as set, else one per core that this process may use, at most 4."""
    return settings.workers or min(4, len(os.sched_getaffinity(0)))


def _check_readable(name: str, path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise CannotStart(
            f"{name}={path!r} cannot be read: {error.strerror}. It is set by {variable(name)} or on the command line."
        ) from None
