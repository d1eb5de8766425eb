"""Scores of synthesised textures, by distances that no loss of texonnx optimises."""

from texonnx.scoring.evenness import Evenness
from texonnx.scoring.scores import Score, score, score_all

__all__ = ["Evenness", "Score", "score", "score_all"]
