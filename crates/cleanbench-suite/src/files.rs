//! From the `data` and `prompt_file` of a task to files.
//!
//! Refused: relative paths that leave the suite's folder, globs that match nothing, and names that
//! are no data files.

use std::path::{Component, Path, PathBuf};

use crate::MANIFEST;
use crate::source::kind_of;
use crate::suite_key_path;
use crate::words::shown;

/// Why a path cannot be used: a lowercase fragment, and what to do instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathFault {
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

fn fault(message: String, hint: &'static str) -> PathFault {
    PathFault {
        message,
        hint: Some(hint),
    }
}

/// The file that `written` means in the suite's folder `dir`.
pub(crate) fn one(dir: &Path, written: &str) -> Result<PathBuf, PathFault> {
    let path = Path::new(written);
    let mut depth = 0_i32;
    for component in path.components() {
        depth += match component {
            Component::ParentDir => -1,
            Component::Normal(_) => 1,
            Component::CurDir | Component::RootDir | Component::Prefix(_) => 0,
        };
        if depth < 0 && path.is_relative() {
            let message = format!("{} leaves the suite's folder", shown(written));
            return Err(fault(
                message,
                "move the file into it, or write an absolute path",
            ));
        }
    }
    Ok(dir.join(path))
}

/// The data files that `written` means, sorted by path.
pub(crate) fn all(dir: &Path, written: &str) -> Result<Vec<PathBuf>, PathFault> {
    let path = one(dir, written)?;
    let files = if written.contains(['*', '?', '[']) && !path.exists() {
        matches(dir, written)?
    } else {
        check_file(&path, written)?;
        vec![path]
    };
    for file in &files {
        kind_of(file).map_err(|message| {
            let hint = "data is .jsonl or .csv, optionally with .gz or .zst after it";
            fault(message, hint)
        })?;
    }
    Ok(files)
}

fn check_file(path: &Path, written: &str) -> Result<(), PathFault> {
    if path.is_file() {
        return Ok(());
    }
    let message = if path.is_dir() {
        format!("{} is a folder", shown(written))
    } else {
        format!("there is no file {}", shown(written))
    };
    Err(fault(
        message,
        "a path is relative to the suite's folder; `*.jsonl` matches several files",
    ))
}

fn matches(dir: &Path, written: &str) -> Result<Vec<PathBuf>, PathFault> {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let within = dir.to_str().map(glob::Pattern::escape);
    let pattern = match within {
        _ if Path::new(written).is_absolute() => written.to_owned(),
        Some(within) => format!("{within}/{written}"),
        None => {
            return Err(PathFault {
                message: "a glob needs a suite folder whose path is UTF-8".to_owned(),
                hint: None,
            });
        }
    };
    let found = glob::glob_with(&pattern, options).map_err(|error| PathFault {
        message: format!("{} is no glob: {}", shown(written), error.msg),
        hint: None,
    })?;
    let mut files: Vec<_> = found
        .filter_map(Result::ok)
        .filter(|file| file.is_file() && !is_own(dir, file))
        .collect();
    files.sort();
    if files.is_empty() {
        let message = format!("no file matches {}", shown(written));
        return Err(fault(message, "a glob is relative to the suite's folder"));
    }
    Ok(files)
}

/// Whether `file` belongs to the suite itself: a glob never takes those for data.
fn is_own(dir: &Path, file: &Path) -> bool {
    file.file_name() == suite_key_path(dir).file_name()
        || file.file_name() == Path::new(MANIFEST).file_name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_folder_unless_absolute() {
        let dir = Path::new("suites/a");
        assert!(one(dir, "x/../y.csv").is_ok());
        assert!(one(dir, "../b/y.csv").is_err());
        assert!(one(dir, "x/../../y.csv").is_err());
        assert_eq!(one(dir, "/y.csv").unwrap(), Path::new("/y.csv"));
    }

    #[test]
    fn globs_match_data_files_only_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "b.jsonl",
            "a.jsonl",
            ".hidden.jsonl",
            "suite.key",
            "suite.toml",
            "c.csv",
        ] {
            fs_err::write(dir.path().join(name), "").unwrap();
        }
        fs_err::create_dir(dir.path().join("d.jsonl")).unwrap();
        let check = |written: &str| {
            let files = all(dir.path(), written)?;
            let names = files
                .iter()
                .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned());
            Ok::<_, PathFault>(names.collect::<Vec<_>>())
        };
        assert_eq!(check("*.jsonl").unwrap(), ["a.jsonl", "b.jsonl"]);
        assert_eq!(check("*").unwrap(), ["a.jsonl", "b.jsonl", "c.csv"]);
        for (written, message) in [
            ("suite.key", "`suite.key` is no kind of data file"),
            ("x*.csv", "no file matches `x*.csv`"),
            ("d.jsonl", "`d.jsonl` is a folder"),
            ("none.csv", "there is no file `none.csv`"),
        ] {
            assert_eq!(check(written).unwrap_err().message, message);
        }
    }
}
