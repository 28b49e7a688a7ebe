// Issue.
