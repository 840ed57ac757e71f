"""The source `channel`: conda channels, by conda's own solver.

Open `source.py` first.
"""
