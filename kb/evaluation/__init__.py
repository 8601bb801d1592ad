"""Measures on a set of questions: how well passages, quotes and answers are found."""
