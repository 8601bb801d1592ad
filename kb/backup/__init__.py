"""Backups: a knowledge base at one moment, in a plain folder; verified, restored, thinned out."""
