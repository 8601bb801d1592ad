"""What becomes of versions: published, rebuilt, checked, mended, erased, collected."""
