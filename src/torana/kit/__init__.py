"""Tools without domain words: clock, tasks, back-off, the coroutine driver, logs."""
