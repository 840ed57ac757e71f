"""From an offer to a toolkit that an environment uses: root, view, wrappers, switch, pin.

An offer and an environment come in, an installed or current toolkit goes out. Open `root.py` first,
then `switch.py`.
"""
