//! What the operating system allows a child that judges.
//!
//! Invariant: a limit that cannot be set changes no score; it only leaves the others to hold.

/// Memory that a child may map, in bytes. Allocators reserve more than they use; what a query takes is bounded by
/// the library's own, lower limit.
#[cfg(unix)]
const MOST_MEMORY: u64 = 4 << 30;
/// Seconds of the processor for one request, about ten times what the limits of the scorers leave.
#[cfg(unix)]
const MOST_SECONDS: u64 = 3;

/// Bounds this process for good: its memory, no core file, a lower priority than what makes calls, and its end with
/// that of its parent.
pub(super) fn bound_process() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, nice};
        bound(Resource::Core, 0);
        bound(Resource::As, MOST_MEMORY);
        let _unchanged = nice(5);
    }
    #[cfg(target_os = "linux")]
    let _unset =
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Allows some seconds of the processor from now on.
pub(super) fn bound_request() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let used = u64::try_from(used.tv_sec).unwrap_or_default();
        let maximum = getrlimit(Resource::Cpu).maximum;
        let current = Some(used + 1 + MOST_SECONDS);
        let _unset = setrlimit(Resource::Cpu, Rlimit { current, maximum });
    }
}

#[cfg(unix)]
fn bound(resource: rustix::process::Resource, most: u64) {
    let maximum = rustix::process::getrlimit(resource).maximum;
    let current = Some(maximum.map_or(most, |maximum| maximum.min(most)));
    let limit = rustix::process::Rlimit {
        current,
        maximum: current,
    };
    let _unset = rustix::process::setrlimit(resource, limit);
}
