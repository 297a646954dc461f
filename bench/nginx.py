"""nginx as the yardstick: one worker, a plain reverse proxy with kept-alive upstream connections, nothing logged."""

import contextlib
import grp
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.processes import Server, UnavailableError, free_port, listens, nothing_owed, running, wait_for_start

_PLACES = ("nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx")

# The default of 1000 requests a connection would make the load reconnect, which Torana is not made to do either.
_CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream vendor {{
    server 127.0.0.1:{upstream};
    keepalive 1024;
    keepalive_requests 1000000000;
  }}
  client_max_body_size 64m;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  server {{
    listen 127.0.0.1:{plain} backlog=8192;
    location / {{ proxy_pass http://vendor; }}
  }}
  server {{
    listen 127.0.0.1:{unbuffered} backlog=8192;
    location / {{ proxy_pass http://vendor; proxy_buffering off; }}
  }}
}}
"""


def find_nginx() -> str | None:
    """nginx's program, on the path or where distributions put it."""
    return next((found for place in _PLACES if (found := shutil.which(place)) is not None), None)


def _user_line() -> str:
    # Started by root, nginx would hand its worker to a user who may not enter the run's private folder.
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(os.geteuid()).pw_name} {grp.getgrgid(os.getegid()).gr_name};"


@contextlib.contextmanager
def nginx(folder: Path, upstream_port: int, files: int) -> Iterator[tuple[Server, Server]]:
    """nginx before the upstream: (for JSON replies, for streams with buffering off); both are one process tree."""
    binary = find_nginx()
    if binary is None:
        raise UnavailableError("nginx is not installed: install it (apt install nginx-light) to get the ratios")
    home = folder / "nginx"
    home.mkdir()
    plain, unbuffered = free_port(), free_port()
    configuration = home / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            user=_user_line(),
            folder=home,
            files=files,
            connections=min(files - 100, 16_384),
            upstream=upstream_port,
            plain=plain,
            unbuffered=unbuffered,
        )
    )
    log = folder / "nginx.log"
    command = [binary, "-p", str(home), "-c", str(configuration), "-e", str(home / "start.log")]
    with running(command, log) as master:
        wait_for_start(master, lambda: listens(unbuffered), 10, log)
        tree = [process.pid for process in psutil.Process(master.pid).children()]
        servers = [Server("nginx", port, tree, [master.pid, *tree], nothing_owed) for port in (plain, unbuffered)]
        yield servers[0], servers[1]
