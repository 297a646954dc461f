"""Wire formats, sans-io: bytes in, bytes out. One folder a format; none knows another."""
