"""The master key: seals credentials (AES-256-GCM) and keys the hashes by which API keys are found.

It comes from `TORANA_MASTER_KEY` (base64 of 32 bytes) or from `master.key` in the data folder, which only its owner may read.
"""

import base64
import binascii
import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from torana.core.secret import Secret

VARIABLE = "TORANA_MASTER_KEY"
FILE_NAME = "master.key"
_NONCE_BYTES = 12


class MasterKeyError(Exception):
    """The master key is missing, unreadable, too widely readable, or not the one that sealed a value."""


class MasterKey:
    """Seals, opens and hashes. The key's bytes never leave it."""

    __slots__ = ("_audit_key", "_cipher", "_hash_key")

    def __init__(self, raw: bytes) -> None:
        self._cipher = AESGCM(_derive(raw, b"seal"))
        self._hash_key = _derive(raw, b"api keys")
        self._audit_key = _derive(raw, b"audit")

    def seal(self, text: Secret, context: str) -> bytes:
        """Encrypt; `context` (the owner's id) is authenticated, so that a sealed value cannot be moved to another owner."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.reveal().encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> Secret:
        """Decrypt. Raises MasterKeyError when key or context are not those it was sealed with."""
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise MasterKeyError(
                f"the master key does not open the credential of {context}: is it another installation's?"
            ) from None
        return Secret(plain.decode())

    def audit_digest(self, content: bytes) -> bytes:
        """The 32-byte keyed hash that seals an entry of the audit trail."""
        return hashlib.blake2b(content, digest_size=32, key=self._audit_key).digest()

    def key_digest(self, token: bytes) -> bytes:
        """The 16-byte keyed hash under which an API key is stored and looked up."""
        return hashlib.blake2b(token, digest_size=16, key=self._hash_key).digest()


def load_or_create(folder: Path) -> MasterKey:
    """The instance's key, made on first use. Raises MasterKeyError."""
    path = folder / FILE_NAME
    if VARIABLE not in os.environ and not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # link, not rename: if two processes start at once, the first key stands.
            os.link(temporary, path)
        except FileExistsError:
            return load(folder)
        finally:
            temporary.unlink()
    return load(folder)


def load(folder: Path) -> MasterKey:
    """The instance's key. Raises MasterKeyError, saying what to do."""
    if (text := os.environ.get(VARIABLE)) is not None:
        return MasterKey(_decode(text.encode(), VARIABLE))
    path = folder / FILE_NAME
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise MasterKeyError(f"the master key {path} cannot be read: {error.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise MasterKeyError(f"the master key {path} can be read by others: run `chmod 600 {path}`")
    return MasterKey(_decode(data, str(path)))


def _decode(text: bytes, source: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise MasterKeyError(f"{source} is not a master key: expected 32 bytes in base64")
    return raw


def _derive(raw: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=32, person=b"torana " + purpose[:9]).digest()
