"""What graphs are made of here: the trunk, resampling, random numbers, noise."""
