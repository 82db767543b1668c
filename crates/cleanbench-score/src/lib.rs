//! Scorers: pure functions of a sample and a completion.
