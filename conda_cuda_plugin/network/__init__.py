"""Connections to the web, under one set of rules.

Addresses come in, bytes and one-sentence errors go out. Open `connections.py` first, which has the
rules, then `stream.py`, through which large files come.
"""
