"""What several web processes hold in common, in PostgreSQL: rates, and turns at the model."""
