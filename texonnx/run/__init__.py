"""A run from its options to its result: what precedes it, its course, what it leaves."""
