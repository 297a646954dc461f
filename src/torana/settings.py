"""Every setting: its name, environment variable, default and meaning, in one table.

A setting is taken from the command line, else from `TORANA_<NAME>`, else from its default. A value that does not fit stops the
start with the setting's name, what was given and what is allowed.
"""
