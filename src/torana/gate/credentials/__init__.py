"""What proves to a vendor who is calling, where a fixed key in a header is not enough: signatures and short-lived tokens.

Pure: nothing here reads a clock or a socket.
"""
