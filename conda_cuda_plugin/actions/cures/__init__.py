"""What to do about what is missing, tried before it is said, and what a message means.

In comes what `which` or the doctor found to be missing, or a message that `libraries/messages.py`
has read; out goes a sentence with at most one command that helps, or with the source that would
have it. Open `cure.py` first; `trial.py` plans the commands that it proposes.
"""
