"""The account of a call, on its way to the recorder."""
