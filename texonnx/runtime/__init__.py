"""Running the graphs: installed runtimes, execution providers, and the two engines."""
