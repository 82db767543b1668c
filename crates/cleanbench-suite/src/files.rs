//! From the `data` and `fewshot` of a task to files.
//!
//! Refused: globs that match nothing or look through too much, and names that are no data files.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use cleanbench_files::{Kind, Walked};
use glob::{MatchOptions, Pattern};

use crate::MANIFEST;
use crate::folder::{PathFault, SuiteFolder};
use crate::source::{FORMATS, kind_of, other_format};
use crate::suite_key_path;
use crate::words::shown;

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The globs of a suite: several tasks may write the same one, and the folder is looked through once for it.
pub(crate) struct Globs {
    /// Names that may still be looked through.
    left: usize,
    found: HashMap<String, Rc<[PathBuf]>>,
}

impl Globs {
    /// None so far, and all together look through at most `names` names.
    pub(crate) fn new(names: usize) -> Self {
        Self {
            left: names,
            found: HashMap::new(),
        }
    }
}

/// The data files that `written` means, sorted by path.
pub(crate) fn all(
    folder: &SuiteFolder,
    written: &str,
    globs: &mut Globs,
) -> Result<Rc<[PathBuf]>, PathFault> {
    let path = folder.dir().join(written);
    if !is_glob(written) || folder.kind(&path).is_ok() {
        check_file(folder, &path, written)?;
        check_data(&path)?;
        return Ok(Rc::new([path]));
    }
    if let Some(files) = globs.found.get(written) {
        return Ok(Rc::clone(files));
    }
    let files: Rc<[PathBuf]> = matches(folder, written, &mut globs.left)?.into();
    for file in files.iter() {
        check_data(file)?;
    }
    globs.found.insert(written.to_owned(), Rc::clone(&files));
    Ok(files)
}

/// Refuses `file` where its name is not that of data.
pub(crate) fn check_data(file: &Path) -> Result<(), PathFault> {
    let known = kind_of(file).map(drop);
    known.map_err(|message| {
        let hint = other_format(file);
        PathFault::new(message, hint.as_deref().unwrap_or(FORMATS))
    })
}

fn is_glob(written: &str) -> bool {
    written.contains(['*', '?', '['])
}

fn check_file(folder: &SuiteFolder, path: &Path, written: &str) -> Result<(), PathFault> {
    let open = folder.file(path, cleanbench_files::Limit::any());
    let found = open.map(drop);
    found.map_err(|error| PathFault::of(&error, written, folder.dir()))
}

fn matches(
    folder: &SuiteFolder,
    written: &str,
    left: &mut usize,
) -> Result<Vec<PathBuf>, PathFault> {
    let glob = Glob::new(written)?;
    let mut files = Vec::new();
    let walked = folder.walk(&glob.start, left, &mut |walked| {
        if walked.kind == Kind::File && glob.is_match(walked.path) && !is_own(walked.path) {
            files.push(folder.dir().join(walked.path));
        }
        walked.kind == Kind::Folder && glob.may_lie_below(walked)
    });
    match walked {
        Ok(()) => {}
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(PathFault::of(&error, written, folder.dir())),
    }
    files.sort();
    if files.is_empty() {
        let message = format!("no file matches {}", shown(written));
        return Err(PathFault::new(
            message,
            "a glob is relative to the suite's folder",
        ));
    }
    Ok(files)
}

/// A pattern, and the folder in which it begins to be one.
struct Glob {
    start: PathBuf,
    whole: Pattern,
    /// Its parts behind `start`; `None` for `**`, which is any number of folders.
    parts: Vec<Option<Pattern>>,
}

impl Glob {
    fn new(written: &str) -> Result<Self, PathFault> {
        let no_glob = |error: glob::PatternError| PathFault {
            message: format!("{} is no glob: {}", shown(written), error.msg),
            hint: None,
        };
        let path: PathBuf = Path::new(written)
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect();
        let text = path.to_string_lossy();
        let whole = Pattern::new(&text).map_err(no_glob)?;
        let plain = |part: &Component<'_>| !is_glob(&part.as_os_str().to_string_lossy());
        let start: PathBuf = path.components().take_while(plain).collect();
        let mut parts = Vec::new();
        for part in path.components().skip_while(plain) {
            if part == Component::ParentDir {
                let message = format!("{} goes upwards behind a `*`", shown(written));
                return Err(PathFault::new(message, "write the folder that is meant"));
            }
            let part = part.as_os_str().to_string_lossy();
            let pattern = (part != "**").then(|| Pattern::new(&part));
            parts.push(pattern.transpose().map_err(no_glob)?);
        }
        Ok(Self {
            start,
            whole,
            parts,
        })
    }

    fn is_match(&self, path: &Path) -> bool {
        self.whole.matches_path_with(path, OPTIONS)
    }

    /// Whether a file that matches may lie somewhere below a folder.
    fn may_lie_below(&self, walked: Walked<'_>) -> bool {
        let Ok(below) = walked.path.strip_prefix(&self.start) else {
            return false;
        };
        let names: Vec<&OsStr> = below.iter().collect();
        for (name, part) in names.iter().zip(&self.parts) {
            match part {
                None => return !walked.is_hidden,
                Some(part) if part.matches_path_with(Path::new(name), OPTIONS) => {}
                Some(_) => return false,
            }
        }
        names.len() < self.parts.len()
    }
}

/// Whether `file` belongs to the suite itself: a glob never takes those for data.
fn is_own(file: &Path) -> bool {
    let key = suite_key_path(Path::new(""));
    file.file_name() == key.file_name() || file.file_name() == Some(OsStr::new(MANIFEST))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let folder = SuiteFolder::open(dir.path(), &[]).unwrap();
            let files = all(&folder, written, &mut Globs::new(100))?;
            let names = files
                .iter()
                .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned());
            Ok::<_, PathFault>(names.collect::<Vec<_>>())
        };
        assert_eq!(check("*.jsonl").unwrap(), ["a.jsonl", "b.jsonl"]);
        assert_eq!(check("*").unwrap(), ["a.jsonl", "b.jsonl", "c.csv"]);
        assert_eq!(check("./[ab].jsonl").unwrap(), ["a.jsonl", "b.jsonl"]);
        for name in ["s/t/e.csv", "s/f.csv", "s/.g/h.csv", ".i/j.csv"] {
            let path = dir.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, "").unwrap();
        }
        assert_eq!(check("**/*.csv").unwrap(), ["c.csv", "f.csv", "e.csv"]);
        assert_eq!(check("s/**/*.csv").unwrap(), ["f.csv", "e.csv"]);
        assert_eq!(check("?/*/*.csv").unwrap(), ["e.csv"]);
        assert_eq!(check("s/.*/*.csv").unwrap(), ["h.csv"]);
        for (written, message) in [
            ("suite.key", "`suite.key` is no kind of data file"),
            ("x*.csv", "no file matches `x*.csv`"),
            ("d.jsonl", "`d.jsonl` is a folder"),
            ("none.csv", "there is no file `none.csv`"),
            ("*/../a.jsonl", "`*/../a.jsonl` goes upwards behind a `*`"),
            (
                "***.csv",
                "`***.csv` is no glob: wildcards are either regular `*` or recursive `**`",
            ),
            ("none/*.csv", "no file matches `none/*.csv`"),
        ] {
            assert_eq!(check(written).unwrap_err().message, message);
        }
    }
}
