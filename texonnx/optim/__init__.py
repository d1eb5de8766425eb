"""Optimisers over an engine, and the coarse-to-fine sizes that they are run at."""
