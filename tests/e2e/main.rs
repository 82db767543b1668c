//! The end-to-end tests: the built `cleanbench` program against a fake server, from outside.
//!
//! One binary, so that the workspace links once. Every test works in a folder of its own, with an
//! environment of its own, and may run beside the others.

#![expect(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a test that cannot set its scene must panic"
)]

mod agreement;
mod answers;
mod architecture;
mod batches;
mod bed;
mod bounded_judging;
mod caps;
mod ci_reports;
mod ci_workflow;
mod clock;
mod compare;
mod coverage;
mod descriptors;
mod disguises;
mod documents;
mod drift;
mod earlier_runs;
mod early_stops;
mod egress;
mod escapes;
mod exit_codes;
mod exposure;
mod faults;
mod foreign;
mod forged_runs;
mod from_logs;
mod full_disk;
mod fuzz;
mod gates;
mod hostile_runs;
mod hostile_suites;
mod hostile_yard;
mod identity;
mod import;
mod imports;
mod independent_values;
mod interruption;
mod item_order;
mod kept_answers;
mod leaks;
mod memory;
mod models_check;
mod modes;
mod notes;
mod null_grid;
mod order_and_gaps;
mod orders;
mod output;
mod privacy;
mod probe_command;
mod probe_stops;
mod prompts;
mod public_sets;
mod quickstart;
mod quirks;
mod reading;
mod reasons;
mod references;
mod replay;
mod rerun;
mod shards;
mod show_index;
mod signals;
mod storm;
mod tampering;
mod task_keys;
mod told;
mod trust;
mod validity;
mod verdicts;
mod waits;
mod wrong_before;
