"""From a folder to prepared versions."""
