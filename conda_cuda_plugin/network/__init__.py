"""Connections to the web, under one set of rules.

Addresses come in, bytes and one-sentence errors go out. Open `rules.py` first, then `stream.py`,
through which large files come.
"""
