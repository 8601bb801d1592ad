"""Backups, restoring, upgrading."""
