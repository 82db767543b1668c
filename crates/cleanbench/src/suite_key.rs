//! The suite's key: under it, and only under it, digests of two runs can be compared.

use std::io::Write as _;

use cleanbench_core::{Digest, DigestKey, Exit, Shard};
use cleanbench_suite::Suite;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use crate::failure::Failure;
use crate::talk::{self, Talk};

/// Reads the key of `suite`, or makes one on first use. All shards of a run need the same one.
pub(crate) fn load_or_make(
    suite: &Suite,
    shard: Option<Shard>,
    talk: Talk,
) -> Result<DigestKey, Failure> {
    let path = cleanbench_suite::suite_key_path(&suite.dir);
    match fs_err::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|error| {
            Failure::new(Exit::ConfigInvalid, format!("`{}`: {error}", path.display()))
                .hint("remove the file to have a new key made; runs under the old key no longer pair with new ones")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path, shard, talk),
        Err(error) => Err(Failure::unreadable(&path, Exit::ConfigInvalid, &error)),
    }
}

/// The key as it stands in a file.
pub(crate) fn file_bytes(key: &DigestKey) -> Vec<u8> {
    format!("{}\n", key.reveal_hex()).into_bytes()
}

/// SHA-256 of that file, by which a run names its key.
pub(crate) fn file_digest(key: &DigestKey) -> Digest {
    Digest::of_file_bytes(&file_bytes(key))
}

/// Makes a key in the file `path`, which must not be there.
pub(crate) fn make(
    path: &std::path::Path,
    shard: Option<Shard>,
    talk: Talk,
) -> Result<DigestKey, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let key = DigestKey::new(bytes);
    let written = fs_err::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            let written = writeln!(file, "{}", key.reveal_hex());
            // Half a key would be in the way of every later run.
            written.inspect_err(|_| drop(fs_err::remove_file(path)))
        });
    match (written, shard) {
        (Ok(()), Some(shard)) => talk::warn(format!(
            "made `{}`; shards can be merged only if all are made under this key: copy the file into the suite's folder on the other machines before they start (this is shard {shard})",
            path.display()
        )),
        (Err(error), Some(_)) => {
            let what = format!(
                "cannot write `{}` ({error}), and a shard under a key of its own can never be merged",
                path.display()
            );
            return Err(Failure::new(Exit::CannotWrite, what)
                .hint("put one and the same `suite.key` into the suite's folder on all machines"));
        }
        (Ok(()), None) => talk.say(format!(
            "made `{}`; keep it with the suite, runs pair only under the same key",
            path.display()
        )),
        (Err(error), None) => talk::warn(format!(
            "cannot write `{}` ({error}); this run has a key of its own and will not pair with others",
            path.display()
        )),
    }
    Ok(key)
}
