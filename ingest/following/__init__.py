"""When sources are read, and by whom: what is due, what is watched, jobs and their workers."""
