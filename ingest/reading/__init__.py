"""One file: its bytes held still, parsed, cut and embedded; nothing is published here."""
