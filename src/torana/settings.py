"""Every setting: its name, environment variable, default and meaning, in one table.

A setting is taken from the command line, else from `TORANA_<NAME>`, else from its default. A value that does not fit stops the
start with the setting's name, what was wrong and what it means. Gates import this module, so it needs only msgspec.
"""

import ipaddress
import os
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

PREFIX = "TORANA_"

Text = Annotated[str, Meta(max_length=4096)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Size = Annotated[int, Meta(ge=1)]


class SettingError(ValueError):
    """A setting that cannot be used; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of an instance, each with its default. The meaning of each stands in MEANINGS."""

    data: Text = ".torana"
    listen: Text = "127.0.0.1:8080"
    admin_listen: Text = ""
    workers: Annotated[int, Meta(ge=0, le=64)] = 0
    config: Text = ""
    database: Text = ""
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"
    log_format: Annotated[str, Meta(pattern="^(auto|json|text)$")] = "auto"
    grace_seconds: Seconds = 30.0

    tls_certificate: Text = ""
    tls_key: Text = ""
    cors_origins: Text = ""
    trusted_proxies: Text = ""
    max_connections: Size = 20_000
    max_headers: Size = 100
    max_header_bytes: Size = 32_768
    max_target_bytes: Size = 8_192
    max_body_bytes: Size = 33_554_432
    max_upload_bytes: Size = 1_073_741_824
    form_search_bytes: Size = 1_048_576
    max_buffered_bytes: Size = 536_870_912
    headers_timeout_seconds: Seconds = 10.0
    body_timeout_seconds: Seconds = 30.0
    idle_timeout_seconds: Seconds = 75.0
    write_timeout_seconds: Seconds = 60.0

    upstream_connect_timeout_seconds: Seconds = 5.0
    upstream_first_byte_timeout_seconds: Seconds = 120.0
    upstream_idle_timeout_seconds: Seconds = 60.0
    upstream_total_timeout_seconds: Seconds = 600.0
    upstream_max_reply_bytes: Size = 67_108_864
    upstream_keepalive_seconds: Seconds = 30.0
    upstream_max_idle_connections: Size = 1_024
    realtime_idle_timeout_seconds: Seconds = 300.0
    realtime_total_timeout_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    upstream_proxy: Text = ""
    egress_deny: Text = ""

    webhooks_loopback: bool = False
    smtp: Text = ""
    smtp_password_file: Text = ""
    mail_from: Text = ""

    spool_segment_bytes: Annotated[int, Meta(ge=65_536)] = 8_388_608
    spool_max_bytes: Annotated[int, Meta(ge=131_072)] = 1_073_741_824
    body_keep_bytes: Size = 262_144

    custom_workers: Annotated[int, Meta(ge=1, le=64)] = 2
    custom_waiting: Annotated[int, Meta(ge=1, le=10_000)] = 64
    custom_memory_bytes: Annotated[int, Meta(ge=67_108_864)] = 402_653_184

    public_catalogue: bool = False
    session_idle_seconds: Annotated[float, Meta(ge=60, le=31_536_000)] = 28_800.0
    session_total_seconds: Annotated[float, Meta(ge=60, le=31_536_000)] = 604_800.0
    registration: Text = "off"


MEANINGS: dict[str, str] = {
    "data": "folder of this instance: database, master key, spool, snapshot, sockets",
    "listen": "HOST:PORT of the public door",
    "admin_listen": "HOST:PORT of a separate door for the admin API; empty serves it on the public one",
    "workers": "gate processes; 0 is one per core, at most 4",
    "config": "torana.yaml to plan and apply at the start and on SIGHUP",
    "database": "postgresql://user:password@host/name; empty is SQLite in the data folder",
    "log_level": "debug, info, warning or error",
    "log_format": "json, text, or auto: text on a terminal, JSON elsewhere",
    "grace_seconds": "how long running calls may go on after SIGTERM or a replacement",
    "tls_certificate": "PEM file of the certificate chain; with tls_key it turns TLS on",
    "tls_key": "PEM file of the private key",
    "cors_origins": "origins a browser may call from, separated by commas; * is any; empty is none",
    "trusted_proxies": "networks of proxies whose X-Forwarded-For is believed, separated by commas (CIDR); empty is none",
    "max_connections": "open caller connections of one gate; more are answered 503 and closed",
    "max_headers": "header fields of one request",
    "max_header_bytes": "bytes of all header fields of one request",
    "max_target_bytes": "bytes of a request target",
    "max_body_bytes": "bytes of a request body",
    "max_upload_bytes": "bytes of a form with files that is sent on while it arrives (files, images, audio)",
    "form_search_bytes": "bytes at the beginning of such a form in which its `model` has to come",
    "max_buffered_bytes": "bytes of request bodies that one gate holds at a time",
    "headers_timeout_seconds": "from the first byte of a request to the end of its headers",
    "body_timeout_seconds": "longest pause while a request body arrives",
    "idle_timeout_seconds": "how long a kept-alive caller connection may be silent between requests",
    "write_timeout_seconds": "how long a caller may take no byte of a reply that is waiting for it",
    "upstream_connect_timeout_seconds": "to resolve, connect and finish TLS with a vendor",
    "upstream_first_byte_timeout_seconds": "from the request sent to the first byte of the vendor's reply",
    "upstream_idle_timeout_seconds": "longest pause in the middle of a vendor's reply",
    "upstream_total_timeout_seconds": "from the start of a call to the end of the vendor's reply",
    "upstream_max_reply_bytes": "bytes of a vendor's reply that is not streamed",
    "upstream_keepalive_seconds": "how long an unused connection to a vendor is kept",
    "upstream_max_idle_connections": "unused connections kept to one vendor by one gate",
    "realtime_idle_timeout_seconds": "longest silence of both sides of a realtime connection",
    "realtime_total_timeout_seconds": "how long a realtime connection may last; 0 is as long as both sides want",
    "upstream_proxy": "http://HOST:PORT of a forward proxy for all vendors; a provider's own setting wins",
    "egress_deny": "further networks that no vendor address and no webhook may lie in, separated by commas (CIDR)",
    "webhooks_loopback": "true lets webhooks go to this machine itself, also by http; for trying them out",
    "smtp": "smtp://USER@HOST:PORT (TLS by STARTTLS) or smtps://USER@HOST:PORT of a mail server; empty sends no e-mail",
    "smtp_password_file": "file with the mail server's password; else it is taken from TORANA_SMTP_PASSWORD",
    "mail_from": "address that e-mail comes from; needed with smtp",
    "spool_segment_bytes": "size of one spool file; its disk space is taken in advance",
    "spool_max_bytes": "spool space of one gate; when it is full, calls are refused rather than lost",
    "body_keep_bytes": "bytes kept of each request and reply body where a policy keeps bodies",
    "custom_workers": "processes of one gate that evaluate custom models; each starts when it is first needed",
    "custom_waiting": "evaluations of custom models that may wait in one gate; more calls are answered 503",
    "custom_memory_bytes": "memory that one evaluation of a custom model may take",
    "public_catalogue": "whether services with the visibility public are listed to everybody, without signing in",
    "session_idle_seconds": "how long somebody who signed in may do nothing before they have to sign in again",
    "session_total_seconds": "how long somebody who signed in may go on before they have to sign in again",
    "registration": "off, or the domains whose e-mail addresses may register themselves, separated by commas",
}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def defaults() -> dict[str, Any]:
    """Every setting's name with its default, in the order of the table."""
    return msgspec.structs.asdict(Settings())


def load(given: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `given` (None values are skipped), then the environment, then the defaults. Raises SettingError."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in Settings.__struct_fields__:
        option = (given or {}).get(name)
        if option is not None:
            values[name], sources[name] = option, "--" + name.replace("_", "-")
        elif variable(name) in environment:
            values[name], sources[name] = environment[variable(name)], variable(name)
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            reason = str(error).split(" - at ")[0]
            raise SettingError(
                f"{sources[name]}={value!r} cannot be used: {reason}. It means: {MEANINGS[name]}."
            ) from None
    settings = msgspec.convert(values, Settings, strict=False)
    _check_together(settings)
    return settings


def parse_address(text: str, name: str = "listen") -> tuple[str, int]:
    """`HOST:PORT` or `[IPv6]:PORT` to its parts. Raises SettingError with the setting's name."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise SettingError(f"{name}={text!r} cannot be used: expected HOST:PORT, such as 127.0.0.1:8080.")
    return host.strip("[]"), int(port)


def _is_proxy(text: str) -> bool:
    parts = urllib.parse.urlsplit(text)
    plain = parts.path in {"", "/"} and not parts.query and not parts.fragment
    return parts.scheme == "http" and bool(parts.hostname) and bool(parts.port) and plain


def _is_mail_server(text: str) -> bool:
    parts = urllib.parse.urlsplit(text)
    plain = parts.path in {"", "/"} and not parts.query and not parts.fragment and parts.password is None
    return parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0 and plain


def _is_mail_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(at and name and host) and text.isascii() and text.isprintable() and not set(text) & set(' ,;<>"')


def _is_origin(text: str) -> bool:
    if text in {"*", "null"}:
        return True
    parts = urllib.parse.urlsplit(text)
    return bool(parts.scheme and parts.hostname) and text.rstrip("/") == f"{parts.scheme}://{parts.netloc.lower()}"


def _is_network(text: str) -> bool:
    return bool(ipaddress.ip_network(text, strict=False))


def _is_domain(text: str) -> bool:
    return text == "off" or re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text.lower(), re.ASCII) is not None


def _check_each(name: str, parts: list[str], is_one: Callable[[str], bool], expected: str) -> None:
    for part in filter(None, map(str.strip, parts)):
        try:
            fits = is_one(part)
        except ValueError:
            fits = False
        if not fits:
            # Not the value: a proxy's may hold a password.
            raise SettingError(f"{name} cannot be used: expected {expected}. It means: {MEANINGS[name]}.")


def _check_together(settings: Settings) -> None:
    parse_address(settings.listen)
    _check_each("upstream_proxy", [settings.upstream_proxy], _is_proxy, "http://HOST:PORT")
    _check_each(
        "cors_origins", settings.cors_origins.split(","), _is_origin, "origins such as https://app.example, or *"
    )
    _check_each("smtp", [settings.smtp], _is_mail_server, "smtp://USER@HOST:PORT without a password")
    _check_each("mail_from", [settings.mail_from], _is_mail_address, "an address such as torana@example.org")
    if settings.smtp and not settings.mail_from:
        raise SettingError("mail_from is not set: smtp needs the address that e-mail comes from.")
    _check_each("egress_deny", settings.egress_deny.split(","), _is_network, "networks such as 10.0.0.0/8")
    _check_each("trusted_proxies", settings.trusted_proxies.split(","), _is_network, "networks such as 10.0.0.0/8")
    _check_each("registration", settings.registration.split(","), _is_domain, "off, or domains such as example.org")
    if settings.admin_listen:
        parse_address(settings.admin_listen, "admin_listen")
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        missing = "tls_key" if settings.tls_certificate else "tls_certificate"
        raise SettingError(f"{missing} is not set: TLS needs both tls_certificate and tls_key.")
    if settings.spool_max_bytes < 2 * settings.spool_segment_bytes:
        raise SettingError("spool_max_bytes is too small: it has to hold at least two segments of spool_segment_bytes.")
