"""The source `pypi`: NVIDIA's wheels, found and fetched by a client of our own.

Open `source.py` first; `lookup.py` finds wheels, `fetch.py` fetches them.
"""
