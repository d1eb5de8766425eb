"""Seconds an iteration and peak memory, for what this machine has, each in its own process."""
