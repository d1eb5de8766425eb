"""A score for synthesised textures that no loss of texonnx optimises; NumPy and SciPy alone."""

from texonnx.scoring.scores import Score, score, score_all

__all__ = ["Score", "score", "score_all"]
