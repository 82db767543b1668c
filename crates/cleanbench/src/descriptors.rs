//! How many calls this process has open files and sockets for.
//!
//! Invariant: what a run writes down goes before what it asks: calls are kept to what is left beside the files of the
//! run, so that no reply is lost for want of a descriptor.

use cleanbench_model::Endpoint;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::printer;

/// Kept for the files of the run, the runtime and the resolver.
const KEPT: u64 = 40;
/// More than this is of no use.
const ENOUGH: u64 = 65_536;

/// Calls of each remote model among `endpoints` that may be in flight at once, where as many as `at_once` are wanted of
/// each. Where there is room for fewer, people are told.
pub(crate) fn room(endpoints: &[Endpoint], at_once: &[usize]) -> usize {
    let each = endpoints.iter().zip(at_once);
    let remote = each.filter(|(endpoint, _)| !endpoint.is_embedded());
    let (models, wanted) = remote.fold((0, 0), |(models, all), (_, wanted)| {
        (models + 1, all + wanted)
    });
    let limit = raised();
    let room = usize::try_from(limit.saturating_sub(KEPT)).unwrap_or(usize::MAX);
    if models == 0 || wanted <= room {
        return usize::MAX;
    }
    let each = (room / models).max(1);
    printer::warn(format_args!(
        "this process may open no more files than {limit}, sockets among them: at most {each} calls of a model at once \
         instead of all {wanted}; raise the limit with `ulimit -n`, or ask fewer at once with `-j`"
    ));
    each
}

/// The limit of this process, raised as far as it may raise it.
fn raised() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= most {
        return current;
    }
    let wanted = Rlimit {
        current: Some(most),
        ..limit
    };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => most,
        Err(_) => current,
    }
}
