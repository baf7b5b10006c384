"""How much an image classifier's answer moves when the picture moves, why, and what helps."""

__version__ = "0.1.0"
