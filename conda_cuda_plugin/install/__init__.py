"""From an offer to a toolkit root: link packages, make the classic view, switch."""
