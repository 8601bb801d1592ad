"""What several web processes hold in common."""
