"""Every reason not to start: one clear line on standard error, exit status 1, and nothing left behind."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from tests.supervisor.instance import Instance


def _refusal(*arguments: str, **environment: str) -> str:
    """Run `torana`, which has to refuse; returns its line."""
    done = subprocess.run(
        [sys.executable, "-m", "torana", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert done.stderr.startswith("torana: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("torana: ").rstrip("\n")


def test_a_port_in_use_is_named_even_if_its_owner_shares_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        line = _refusal("serve", "--data", str(tmp_path), "--listen", address)
    assert (
        line == f"{address} is already in use by another program. Stop it, or choose another with --listen HOST:PORT."
    )


def test_an_admin_port_in_use_names_its_own_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        line = _refusal("serve", "--data", str(tmp_path), "--listen", "127.0.0.1:0", "--admin-listen", address)
    assert (
        line
        == f"{address} is already in use by another program. Stop it, or choose another with --admin-listen HOST:PORT."
    )


def test_a_folder_in_use_names_who_uses_it(instance: Instance) -> None:
    instance.start()
    host, port = instance.ready()
    line = _refusal("serve", "--data", str(instance.data), "--listen", "127.0.0.1:0")
    assert line == (
        f"the data folder {instance.data} is in use by another Torana (process {instance.pid}, serving {host}:{port})."
        " Stop that one, or choose another folder with --data."
    )
    assert _refusal("init", "--data", str(instance.data)) == line


def test_a_folder_that_cannot_be_made_is_named() -> None:
    line = _refusal("serve", "--data", "/proc/torana", "--listen", "127.0.0.1:0")
    assert line.startswith("the data folder /proc/torana cannot be written: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    line = _refusal("serve", "--data", str(tmp_path), "--listen", "127.0.0.1:0")
    assert line.startswith(f"the data folder {tmp_path} cannot be written: Permission denied.")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = _refusal("serve", "--data", str(tmp_path / "file"))
    assert line == f"the data folder {tmp_path / 'file'} is a file. Choose a folder with --data."


def test_a_schema_from_the_future_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "torana.db")) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999_future')")
        database.commit()
    line = _refusal("serve", "--data", str(tmp_path), "--listen", "127.0.0.1:0")
    assert "9999_future" in line
    assert "newer than this program" in line


@pytest.mark.parametrize(
    ("arguments", "environment", "start"),
    [
        (["--workers", "many"], {}, "--workers='many' cannot be used: "),
        (["--listen", "8080"], {}, "listen='8080' cannot be used: expected HOST:PORT"),
        (
            ["--listen", "no.such.host.invalid:80"],
            {},
            "listen='no.such.host.invalid:80' cannot be used: the host is not known",
        ),
        ([], {"TORANA_GRACE_SECONDS": "-1"}, "TORANA_GRACE_SECONDS='-1' cannot be used: "),
        (
            ["--listen", "192.0.2.1:8080"],
            {},
            "192.0.2.1:8080 is not an address of this machine: choose another with --listen",
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_named(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], start: str
) -> None:
    assert _refusal("serve", "--data", str(tmp_path), *arguments, **environment).startswith(start)


def test_a_config_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "torana.yaml")
    line = _refusal("serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--config", missing)
    assert line.startswith(f"config={missing!r} cannot be read: No such file or directory.")


def test_tls_files_that_cannot_be_read_or_do_not_fit_are_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    for name in ("one", "two"):
        issued = authority.issue_cert("localhost")
        issued.private_key_pem.write_to_path(str(tmp_path / f"{name}.key"))
        issued.cert_chain_pems[0].write_to_path(str(tmp_path / f"{name}.pem"))

    def refusal(certificate: str, key: str) -> str:
        files = {"TORANA_TLS_CERTIFICATE": str(tmp_path / certificate), "TORANA_TLS_KEY": str(tmp_path / key)}
        return _refusal("serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", **files)

    assert refusal("none.pem", "one.key").startswith(f"tls_certificate='{tmp_path}/none.pem' cannot be read: ")
    assert refusal("one.pem", "none.key").startswith(f"tls_key='{tmp_path}/none.key' cannot be read: ")
    assert "cannot be used together: KEY_VALUES_MISMATCH" in refusal("one.pem", "two.key")


def test_a_child_is_not_started_by_hand() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "torana.cli.process", "gate"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert (
        done.stderr
        == "torana: this is a part of `torana serve` and does not run alone; start `torana serve` instead.\n"
    )
