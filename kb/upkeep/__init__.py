"""What becomes of versions: they are published, rebuilt, checked, mended, erased, collected."""
