//! Events over time.
