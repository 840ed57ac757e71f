"""The source `channel`: conda channels, by conda's own solver.

A request comes in. `contents` reads what channels have, `release` says which packages belong to a
release, `flavors` which of them meet the request; the solver adds what they need. Open `source.py`
first.
"""
