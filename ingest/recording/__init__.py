"""What the ledger learns of each file that a run has come to the end of."""
