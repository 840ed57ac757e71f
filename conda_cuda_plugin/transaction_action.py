"""The action that conda runs after each transaction, from 25.5 on."""

from __future__ import annotations

import os

from conda.core.path_actions import Action


class RefreshAction(Action):
    """Lets an adopted toolkit follow; it can never fail the user's transaction."""

    def verify(self) -> None:
        """Nothing can be wrong beforehand."""
        self._verified = True

    def execute(self) -> None:
        """Refresh the environment that was changed; costs nothing where there is no toolkit."""
        if not os.path.lexists(os.path.join(self.target_prefix, "cuda")):
            return
        from .actions.refresh import refresh_quietly

        refresh_quietly(self.target_prefix)

    def reverse(self) -> None:
        """A later refresh puts right what a rolled back transaction has changed."""

    def cleanup(self) -> None:
        """Nothing is left behind."""
