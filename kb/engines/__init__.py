"""Heavy libraries live in processes of their own; this room starts, finds and calls them."""

REFUSED = 78
"""Exit status of an engine that its settings keep from starting (EX_CONFIG of sysexits.h).

The last line of JSON in its log is then the error."""
