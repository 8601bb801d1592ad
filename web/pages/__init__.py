"""HTML, one file per page."""
