"""What the verbs do, without a word printed.

Environments, requests and machines come in, plans and results go out. Open `use.py` first:
request → source → plan → install → view → switch → hooks. Every change of an environment happens
inside `change.in_environment`.
"""
