//! For which files a user answers that came along with a suite, and which endpoints were granted a key before.
//!
//! A models file or `.env` that was found, not named, gets nothing that it asks for (see [`cleanbench_model::Ask`])
//! unless it lies in the user's configuration folder, or the user trusted its folder: by the digest of its bytes, in
//! that folder and in none below. The bytes that are compared are the bytes that are used: a file is read once.
//!
//! Invariant: what is kept is the user's own: written with their rights alone, and refused where others could have
//! written it. No key and no value of a variable is ever kept.

use std::collections::BTreeMap;
use std::io::{ErrorKind as IoKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, DigestKey};
use cleanbench_files::{FileError, Limit, Mode, create_new, open_named};
use cleanbench_model::Endpoint;
use serde::{Deserialize, Serialize};

use crate::{ErrorKind, PlanError, suite_key};

/// Name of the models file that is found without being named.
pub const MODELS_FILE: &str = "models.toml";
/// Name of the file of variables that is found without being named.
pub const ENV_FILE: &str = ".env";

/// What is kept of trusted folders.
const TRUST_FILE: &str = "trust.json";
const SCHEMA: &str = "cleanbench/trust/1";
/// Folder of the endpoints that were granted something, or are elsewhere and were named, one empty file each.
const GRANTED: &str = "granted";
/// What kept answers are sealed with.
const ANSWERS_KEY: &str = "answers.key";
/// Most bytes of it.
const KEY_LIMIT: Limit = Limit::bytes(4_096);

/// For what a user answers, kept in their configuration folder.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    folder: Option<PathBuf>,
}

/// Digests of the trusted files of each folder, by their names.
pub type Folders = BTreeMap<String, BTreeMap<String, Digest>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    folders: Folders,
}

impl Trust {
    /// What is kept in `folder`, the user's configuration folder for this program; with none, nothing is trusted.
    pub fn in_folder(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The models file that is the user's own.
    pub fn models_file(&self) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join(MODELS_FILE);
        path.exists().then_some(path)
    }

    /// Whether the user answers for the file at `path`, which holds `bytes`.
    ///
    /// # Errors
    /// When what is kept cannot be read, or is not the user's alone.
    pub fn covers(&self, path: &Path, bytes: &[u8]) -> Result<bool, PlanError> {
        let Some(own) = &self.folder else {
            return Ok(false);
        };
        let (Ok(folder), Some(name)) = (canonical(folder_of(path)), name_of(path)) else {
            return Ok(false);
        };
        if canonical(own).is_ok_and(|own| folder.starts_with(own)) {
            return Ok(true);
        }
        let Some(folder) = folder.to_str() else {
            return Ok(false);
        };
        let folders = self.folders()?;
        let kept = folders.get(folder).and_then(|files| files.get(name));
        Ok(kept == Some(&Digest::of_file_bytes(bytes)))
    }

    /// The folders that are trusted.
    ///
    /// # Errors
    /// When what is kept cannot be read, or is not the user's alone.
    pub fn folders(&self) -> Result<Folders, PlanError> {
        let Some(path) = self.folder.as_ref().map(|own| own.join(TRUST_FILE)) else {
            return Ok(Folders::new());
        };
        let file = match fs_err::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == IoKind::NotFound => return Ok(Folders::new()),
            Err(error) => return Err(unusable(&path, &error.to_string())),
        };
        let mode = file.metadata().map(|kept| kept.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o022 != 0) {
            return Err(unusable(&path, "others may write it"));
        }
        let kept: Kept = serde_json::from_reader(std::io::BufReader::new(file))
            .map_err(|error| unusable(&path, &error.to_string()))?;
        if kept.schema != SCHEMA {
            return Err(unusable(&path, "another version of cleanbench wrote it"));
        }
        Ok(kept.folders)
    }

    /// Trusts the files of `folder` with these names and bytes, instead of what was trusted there before. Gives the
    /// folder as it is kept.
    ///
    /// # Errors
    /// When there is no place to keep it, or it cannot be written.
    pub fn add(&self, folder: &Path, files: &[(&str, &[u8])]) -> Result<String, PlanError> {
        let folder = kept_name(folder)?;
        let mut folders = self.folders()?;
        let digests = files.iter().map(|(name, bytes)| {
            let digest = Digest::of_file_bytes(bytes);
            ((*name).to_owned(), digest)
        });
        folders.insert(folder.clone(), digests.collect());
        self.keep(folders)?;
        Ok(folder)
    }

    /// Trusts `folder` no more. Gives whether it was trusted.
    ///
    /// # Errors
    /// When what is kept cannot be read or written.
    pub fn remove(&self, folder: &Path) -> Result<bool, PlanError> {
        let mut folders = self.folders()?;
        // A folder that is gone is named as it is listed.
        let name = kept_name(folder).unwrap_or_else(|_| folder.display().to_string());
        let was_there = folders.remove(&name).is_some();
        if was_there {
            self.keep(folders)?;
        }
        Ok(was_there)
    }

    fn keep(&self, folders: Folders) -> Result<(), PlanError> {
        let own = self.own()?;
        let path = own.join(TRUST_FILE);
        let schema = SCHEMA.to_owned();
        let written = make_private(own)
            .and_then(|()| tempfile::NamedTempFile::new_in(own))
            .and_then(|mut file| {
                serde_json::to_writer_pretty(&mut file, &Kept { schema, folders })?;
                file.write_all(b"\n")?;
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|error| error.error)
            });
        written.map(drop).map_err(|error| {
            let what = format!("cannot write `{}`: {error}", path.display());
            PlanError::new(ErrorKind::CannotWrite, what)
        })
    }

    fn own(&self) -> Result<&Path, PlanError> {
        self.folder.as_deref().ok_or_else(|| {
            PlanError::new(
                ErrorKind::CannotWrite,
                "there is no place to keep what is trusted",
            )
            .hint("set `XDG_CONFIG_HOME` or `HOME` to an absolute path, or name the file each time")
        })
    }

    /// The user's own secret, with which answers that are kept are sealed: a folder of them that came along with anything
    /// holds none of the user's. It is made when it is first asked for.
    ///
    /// # Errors
    /// When there is no place to keep it, or it cannot be read or written, or others could have written it.
    pub fn answers_key(&self) -> Result<DigestKey, PlanError> {
        let own = self.own()?;
        let path = own.join(ANSWERS_KEY);
        if !path.exists() {
            make_private(own)?;
            // Another process may be first: then its key is the one.
            if let Err(error) = suite_key::make_whole(&path) {
                let what = format!("cannot write `{}`: {error}", path.display());
                return Err(PlanError::new(ErrorKind::CannotWrite, what));
            }
        }
        let file =
            open_named(&path, KEY_LIMIT).map_err(|error| no_key(&path, &error.to_string()))?;
        let mode = file.file().metadata().map(|kept| kept.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            return Err(no_key(&path, "others may read or write it"));
        }
        let bytes = file
            .read_whole()
            .map_err(|error| no_key(&path, &error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        text.trim()
            .parse()
            .map_err(|_| no_key(&path, "it is no key"))
    }

    /// Remembers what `endpoints` were granted and that their hosts were named, so that their runs can be gone on with.
    ///
    /// # Errors
    /// When there is no place to keep it, or it cannot be written. It is then asked for again.
    pub fn remember(&self, endpoints: &[Endpoint]) -> Result<(), PlanError> {
        let worth = |one: &&Endpoint| !one.asks().is_empty() || one.is_elsewhere();
        for endpoint in endpoints.iter().filter(worth) {
            let folder = self.own()?.join(GRANTED);
            let path = folder.join(granted_name(endpoint));
            let unwritable = |error: &dyn std::fmt::Display| {
                let what = format!("cannot write `{}`: {error}", path.display());
                PlanError::new(ErrorKind::CannotWrite, what)
            };
            make_private(&folder).map_err(|error| unwritable(&error))?;
            match create_new(&path, Mode::Owner) {
                Ok(_) | Err(FileError::There { .. }) => {}
                Err(error) => return Err(unwritable(&error)),
            }
        }
        Ok(())
    }

    /// Whether the user has named or granted `endpoint` as it is.
    pub(crate) fn remembers(&self, endpoint: &Endpoint) -> bool {
        let folder = self.folder.as_ref().map(|own| own.join(GRANTED));
        folder.is_some_and(|folder| folder.join(granted_name(endpoint)).is_file())
    }

    /// Refuses to go on with the run in `run` where its record asks for what nobody granted, neither before nor by
    /// `named` now: whoever sends a run writes its record.
    ///
    /// # Errors
    /// What it asks for, and how to agree to that.
    pub fn check_record(
        &self,
        run: &Path,
        endpoints: &[Endpoint],
        named: &[Endpoint],
    ) -> Result<(), PlanError> {
        let is_named = |endpoint: &Endpoint| named.iter().any(|one| may_as_much(one, endpoint));
        let asking = endpoints.iter().filter(|endpoint| {
            !endpoint.asks().is_empty() && !self.remembers(endpoint) && !is_named(endpoint)
        });
        let what: Vec<_> = asking.map(|endpoint| recorded(run, endpoint)).collect();
        if what.is_empty() {
            return Ok(());
        }
        Err(PlanError::of_all(ErrorKind::ConfigInvalid, what).hint(format!(
            "if you want all of that, trust this run once with `cleanbench trust {}`, or name the models file that says so with `--models FILE`, or begin one of your own",
            run.display()
        )))
    }
}

/// Whether whoever answers for `granted` answers for what `recorded` asks for.
fn may_as_much(granted: &Endpoint, recorded: &Endpoint) -> bool {
    granted.url == recorded.url
        && granted.key_env == recorded.key_env
        && granted.proxy == recorded.proxy
        && granted.allow.is_superset(&recorded.allow)
}

/// What the record of a run asks for.
fn recorded(run: &Path, endpoint: &Endpoint) -> String {
    let asks: Vec<_> = endpoint.asks().iter().map(ToString::to_string).collect();
    format!(
        "{}: model `{}` {}; this was never granted by you",
        run.join("run.json").display(),
        endpoint.name,
        asks.join("; ")
    )
}

/// Name of the file that says what `endpoint` was granted.
fn granted_name(endpoint: &Endpoint) -> String {
    let optional = |text: Option<&str>| text.unwrap_or_default().as_bytes().to_vec();
    let parts = [
        endpoint.url.as_str().as_bytes().to_vec(),
        optional(endpoint.key_env.as_deref()),
        optional(endpoint.proxy.as_deref()),
        endpoint
            .allow
            .iter()
            .flat_map(|label| label.as_str().bytes())
            .collect(),
    ];
    Digest::of("cleanbench/granted/1", &parts.each_ref().map(Vec::as_slice)).to_string()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

fn canonical(folder: &Path) -> std::io::Result<PathBuf> {
    fs_err::canonicalize(folder)
}

/// `folder` as it is kept.
fn kept_name(folder: &Path) -> Result<String, PlanError> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let found = canonical(folder)
        .map_err(|error| PlanError::unreadable(folder, ErrorKind::Usage, &error))?;
    let name = found.to_str().map(str::to_owned);
    name.ok_or_else(|| {
        let what = format!(
            "the name of `{}` is not Unicode and cannot be kept",
            found.display()
        );
        PlanError::new(ErrorKind::Usage, what)
    })
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

fn no_key(path: &Path, why: &str) -> PlanError {
    let what = format!("`{}` cannot be used: {why}", path.display());
    PlanError::new(ErrorKind::ConfigInvalid, what)
        .hint("remove that file to have another made; answers that were kept under it are then asked for again")
}

fn unusable(path: &Path, why: &str) -> PlanError {
    let what = format!(
        "what is trusted cannot be read from `{}`: {why}",
        path.display()
    );
    PlanError::new(ErrorKind::ConfigInvalid, what)
        .hint("remove that file and trust your folders again with `cleanbench trust FOLDER`")
}
