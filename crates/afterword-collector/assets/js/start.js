// Start.
