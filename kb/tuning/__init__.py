"""Learning from the organisation's own questions: an adapter of questions for each model."""
