"""Whether a call may go on: grants and limits. Reserve before, settle after."""
