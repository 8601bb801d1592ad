"""What goes into a bundle as it is: the installer that the host runs, and what to type."""
