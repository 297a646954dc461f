"""The server side of TLS."""

import ssl

from torana.settings import SettingError, Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the certificate of the settings; None when none is set. Raises SettingError."""
    if not settings.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # Python's default for TLS 1.2 still admits suites without forward secrecy.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingError(
            f"tls_certificate={settings.tls_certificate!r} with tls_key={settings.tls_key!r} cannot be used: "
            f"{error.strerror or error}."
        ) from None
    return context
