"""Sentences that the captions of figures and the page both say."""
