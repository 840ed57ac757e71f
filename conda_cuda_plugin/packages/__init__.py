"""conda's packages: the cache, channels, the solver, and linking.

Specs and package records come in, linked packages go out. Open `cache.py` first.
"""
