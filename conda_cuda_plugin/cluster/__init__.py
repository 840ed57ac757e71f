"""Machines that are elsewhere: the nodes of a scheduler, hosts, clusters, and files about them.

A text such as `slurm:gpu` comes in, an `Asked` with its `Node`s goes out; `fleet.py` makes of them
the one `Machine` that verdicts are about. Open `node.py` first, then `ask.py`.
"""
