//! Kept answers: replies of earlier runs, for requests that would be the same.
//!
//! One file an answer, written beside its place and then renamed, so that several programs can share a
//! folder. Invariant: what is returned is the reply that was kept under the very same key, bit by bit, by whoever has
//! the same secret; a file that is damaged, of another format, under another key or sealed by somebody else counts as
//! absent: a folder of answers may have come along with anything.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, DigestKey, Reply, RunId};
use serde::{Deserialize, Serialize};

use crate::{LedgerError, files};

/// Format of a kept answer.
const FORMAT: &str = "cleanbench-answer/1.1";
const LEVEL: i32 = 1;
/// Upper bound on what a file unpacks to. An adapter accepts 64 MiB.
const LARGEST: usize = 80 * 1024 * 1024;

/// A folder of kept answers. It need not exist.
#[derive(Debug, Clone)]
pub struct AnswerCache {
    folder: PathBuf,
    secret: DigestKey,
}

/// A reply and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The run in which it was asked.
    pub run: RunId,
    /// When it was kept (RFC 3339).
    pub at: String,
    /// The reply. It never asks for a wait.
    pub reply: Reply,
}

/// Second line of a file, after the keyed digest of all that follows it; the body comes last.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    key: Digest,
    run: RunId,
    at: String,
    status: u16,
    content_type: Option<String>,
}

impl AnswerCache {
    /// The answers in `folder` that were sealed with `secret`.
    pub fn at(folder: &Path, secret: DigestKey) -> Self {
        Self {
            folder: folder.to_owned(),
            secret,
        }
    }

    fn seal(&self, rest: &[u8]) -> String {
        self.secret.digest("cleanbench/answer/2", rest).to_string()
    }

    /// The answer under `key`, if there is a sound one.
    pub fn get(&self, key: &Digest) -> Option<KeptAnswer> {
        let (folder, name) = Self::place(key);
        let packed = files::read(&self.folder, &format!("{folder}/{name}"), LARGEST as u64).ok()?;
        let bytes = zstd::bulk::decompress(&packed, LARGEST).ok()?;
        let (seal, rest) = split_line(&bytes)?;
        if seal != self.seal(rest).as_bytes() {
            return None;
        }
        let (head, body) = split_line(rest)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        (head.format == FORMAT && head.key == *key).then(|| KeptAnswer {
            run: head.run,
            at: head.at,
            reply: Reply {
                status: head.status,
                content_type: head.content_type,
                retry_after: None,
                body: body.to_vec(),
            },
        })
    }

    /// Keeps `answer` under `key`, in place of any that is there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&self, key: &Digest, answer: &KeptAnswer) -> Result<(), LedgerError> {
        let head = Head {
            format: FORMAT.to_owned(),
            key: *key,
            run: answer.run.clone(),
            at: answer.at.clone(),
            status: answer.reply.status,
            content_type: answer.reply.content_type.clone(),
        };
        let mut rest = serde_json::to_vec(&head).map_err(io::Error::from)?;
        rest.push(b'\n');
        rest.extend_from_slice(&answer.reply.body);
        let mut bytes = self.seal(&rest).into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(&rest);
        let packed = zstd::bulk::compress(&bytes, LEVEL)?;
        let (folder, name) = Self::place(key);
        files::make_all_folders(&self.folder)?;
        files::make_folders(&self.folder, &folder)?;
        // Two calls may keep the same answer at once; a name of its own for each keeps them apart.
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let draft = format!("{folder}/{name}.{:016x}", u64::from_le_bytes(random));
        let mut file = files::create(&self.folder, &draft)?;
        let draft = self.folder.join(draft);
        let path = self.folder.join(folder).join(name);
        let written = file.write_all(&packed);
        let written = written.and_then(|()| fs_err::rename(&draft, &path));
        Ok(written.inspect_err(|_| drop(fs_err::remove_file(&draft)))?)
    }

    /// The folder of the answer under `key`, and its name there.
    fn place(key: &Digest) -> (String, String) {
        let name = key.to_string();
        (name[..2].to_owned(), format!("{name}.answer"))
    }
}

/// The first line of `bytes` and what follows it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> KeptAnswer {
        KeptAnswer {
            run: "abcd2345".parse().unwrap(),
            at: "2026-11-24T12:00:00Z".to_owned(),
            reply: Reply {
                status: 200,
                content_type: Some("application/json".to_owned()),
                retry_after: None,
                body: text.as_bytes().to_vec(),
            },
        }
    }

    fn key(name: &str) -> Digest {
        Digest::of("test", &[name.as_bytes()])
    }

    impl AnswerCache {
        fn path(&self, key: &Digest) -> PathBuf {
            let (folder, name) = Self::place(key);
            self.folder.join(folder).join(name)
        }
    }

    #[test]
    fn what_was_kept_comes_back_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::at(&folder.path().join("new"), DigestKey::new([1; 32]));
        assert_eq!(cache.get(&key("a")), None);
        cache.put(&key("a"), &answer("one\ntwo")).unwrap();
        assert_eq!(cache.get(&key("a")), Some(answer("one\ntwo")));
        assert_eq!(cache.get(&key("b")), None);
        cache.put(&key("a"), &answer("three")).unwrap();
        assert_eq!(cache.get(&key("a")), Some(answer("three")));
    }

    #[test]
    fn a_damaged_or_misplaced_answer_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::at(folder.path(), DigestKey::new([1; 32]));
        cache.put(&key("a"), &answer("one")).unwrap();
        let path = cache.path(&key("a"));
        let whole = fs_err::read(&path).unwrap();
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 1;
            fs_err::write(&path, &damaged).unwrap();
            // A bit that the packing ignores changes nothing; no other may go unseen.
            let found = cache.get(&key("a"));
            assert!(found.is_none_or(|found| found == answer("one")));
        }
        fs_err::write(&path, &whole).unwrap();
        let other = AnswerCache::at(folder.path(), DigestKey::new([2; 32]));
        assert_eq!(other.get(&key("a")), None, "sealed by somebody else");
        fs_err::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(cache.get(&key("a")), None);
        let elsewhere = cache.path(&key("b"));
        fs_err::create_dir_all(elsewhere.parent().unwrap()).unwrap();
        fs_err::write(elsewhere, &whole).unwrap();
        assert_eq!(cache.get(&key("b")), None);
    }
}
