// Issues.
