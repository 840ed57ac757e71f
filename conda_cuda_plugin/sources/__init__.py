"""Where toolkits come from.

A request comes in, an offer goes out, whose `fetch` gives the packages to link. Open `base.py`
first, then `choice.py`; a source is a file here, or a folder.
"""
