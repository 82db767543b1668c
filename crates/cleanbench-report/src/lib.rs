//! Run directory to one report value, and that to CSV, table and verification.
