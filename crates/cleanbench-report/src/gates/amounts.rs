//! Gates on what a run used up: money for each solved sample, and time.
