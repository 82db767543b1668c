//! The permission to run the programs that scorers name.

use cleanbench_score::Commands;

use crate::environment::search_path;

/// The permission, where `--allow-commands` was given.
pub(crate) fn permission(allowed: bool) -> Option<Commands> {
    allowed.then(|| Commands::allowed(search_path()))
}
