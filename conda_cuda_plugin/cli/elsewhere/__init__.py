"""`--for` with machines that are elsewhere: asking them, and showing what they are.

The words of `--for` come in, one `Machine`, lines or a document go out. Open `asking.py` first.
"""
