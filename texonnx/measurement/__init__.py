"""Measuring in processes of their own, so that the peak memory is that of one case alone."""
