"""What was looked at and changed, by whom: noted in a chain that shows every change to it."""
