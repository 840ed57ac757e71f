"""What `conda cuda which` answers: where a file comes from, what a message means, what helps.

A name or a message that `libraries/messages.py` has read comes in; what was found and a cure goes
out, which has been tried as a plan. Open `cure.py` first.
"""
