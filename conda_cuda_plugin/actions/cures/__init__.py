"""What to do about what is missing, tried before it is said.

In comes what `which` or the doctor found to be missing, out goes a sentence with at most one
command that helps, or with the source that would have it. Open `trial.py` first: it plans the
commands that `cure.py` proposes.
"""
