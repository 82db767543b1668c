//! What this process holds in memory stays there.
//!
//! Invariant: keys, prompts and answers are in no core file. The limit holds for the programs that scorers run, too; and
//! because a handler of core files may ignore a limit of 0, the kernel is told that this process is not to be dumped.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Turns core files off, for this process and those that it starts. Where the system refuses, nothing can be done.
pub(crate) fn keep_out_of_core_files() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _refused = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
