"""The objective as graphs: what is compared, loss and gradient, the steps and what they need."""
