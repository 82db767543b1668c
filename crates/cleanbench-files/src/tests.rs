//! What is opened and what is refused, on a real file system.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode as Bits, mknodat};

use crate::{
    FileError, Kind, Limit, Mode, Replacement, Roots, WalkBound, create_folder, create_new,
    is_draft, open_named, replace,
};

const SMALL: Limit = Limit::bytes(100);

/// `suite/` with a file, and `elsewhere/` beside it.
struct Bed(tempfile::TempDir);

impl Bed {
    fn new() -> Self {
        let bed = Self(tempfile::tempdir().unwrap());
        bed.write("suite/a.txt", "in");
        bed.write("suite/sub/b.txt", "below");
        bed.write("elsewhere/c.txt", "out");
        bed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    fn link(&self, target: impl AsRef<Path>, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    fn pipe(&self, name: &str) {
        let mode = Bits::from_raw_mode(0o600);
        mknodat(CWD, self.path(name), FileType::Fifo, mode, 0).unwrap();
    }

    fn roots(&self) -> Roots {
        Roots::new(&self.path("suite")).unwrap()
    }
}

/// What `name` holds, or a word for why it does not open.
fn read(roots: &Roots, name: impl AsRef<Path>) -> String {
    match roots.read(name.as_ref(), SMALL) {
        Ok(bytes) => String::from_utf8(bytes).unwrap(),
        Err(error) => word(&error),
    }
}

fn word(error: &FileError) -> String {
    let text = match error {
        FileError::NotRegular { kind, .. } => return kind.to_string(),
        FileError::Missing { .. } => "missing",
        FileError::OfKernel { .. } => "kernel",
        FileError::TooLarge { .. } => "large",
        FileError::Grew { .. } => "grew",
        FileError::Outside { .. } => "outside",
        FileError::Loop { .. } => "loop",
        FileError::Denied { .. } => "denied",
        FileError::BadName { .. } => "name",
        FileError::NotAFolder { .. } => "no folder",
        FileError::TooMany { .. } => "many",
        FileError::TooDeep { .. } => "deep",
        FileError::There { .. } => "there",
        FileError::Bomb { .. } => "bomb",
        FileError::Io { .. } => "io",
    };
    text.to_owned()
}

#[test]
fn what_lies_in_the_folder_opens_by_whatever_way_and_nothing_else_does() {
    let bed = Bed::new();
    let outside = bed.path("elsewhere/c.txt");
    bed.link("a.txt", "suite/near");
    bed.link(bed.path("suite/a.txt"), "suite/near-absolute");
    bed.link("sub", "suite/folder");
    bed.link("../suite/sub/../a.txt", "suite/round");
    bed.link(&outside, "suite/far");
    bed.link("../elsewhere", "suite/far-folder");
    bed.link("far-folder/../elsewhere/c.txt", "suite/far-chain");
    bed.link("nowhere", "suite/broken");
    bed.link("me", "suite/me");
    bed.link("you-too", "suite/you");
    bed.link("you", "suite/you-too");
    bed.link("/proc/self/environ", "suite/environment");
    bed.link("/dev/zero", "suite/zero");
    bed.link("/proc/self/cwd", "suite/cwd");
    bed.pipe("suite/pipe");
    bed.link("pipe", "suite/to-pipe");
    fs_err::create_dir(bed.path("suite/x.jsonl")).unwrap();
    fs_err::hard_link(&outside, bed.path("suite/hard")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(bed.path("suite/socket")).unwrap();
    let roots = bed.roots();
    for (name, expected) in [
        ("a.txt", "in"),
        ("./sub/../a.txt", "in"),
        ("sub//b.txt", "below"),
        ("../suite/a.txt", "in"),
        ("near", "in"),
        ("near-absolute", "in"),
        ("folder/b.txt", "below"),
        ("round", "in"),
        ("hard", "out"),
        ("far", "outside"),
        ("far-folder/c.txt", "outside"),
        ("far-chain", "outside"),
        ("../elsewhere/c.txt", "outside"),
        ("/etc/passwd", "outside"),
        ("../elsewhere/none.txt", "outside"),
        ("broken", "missing"),
        ("none", "missing"),
        ("none/of/it", "missing"),
        ("me", "loop"),
        ("you", "loop"),
        ("environment", "kernel"),
        ("/proc/self/environ", "kernel"),
        ("/proc/self/task/../environ", "kernel"),
        ("zero", "a character device"),
        ("/dev/null", "a character device"),
        ("pipe", "a named pipe"),
        ("to-pipe", "a named pipe"),
        ("socket", "a socket"),
        ("x.jsonl", "a folder"),
        (".", "a folder"),
        ("", "name"),
        ("a\0b", "name"),
        ("a.txt/b", "no folder"),
    ] {
        assert_eq!(read(&roots, name), expected, "{name:?}");
    }
    assert_eq!(read(&roots, bed.path("suite/a.txt")), "in");
    assert_eq!(read(&roots, &outside), "outside");
    assert_eq!(read(&roots, "x".repeat(300)), "name");
    assert_eq!(read(&roots, "x/".repeat(5_000)), "missing");
    assert_eq!(roots.kind(Path::new("folder")).unwrap(), Kind::Folder);
    assert_eq!(word(&roots.kind(Path::new("far")).unwrap_err()), "outside");
    drop(socket);
}

#[test]
fn a_folder_that_was_named_is_what_it_leads_to_and_more_may_be_named() {
    let bed = Bed::new();
    bed.link("suite", "by-link");
    bed.link("../elsewhere/c.txt", "suite/far");
    let linked = Roots::new(&bed.path("by-link")).unwrap();
    assert_eq!(read(&linked, "a.txt"), "in");
    assert_eq!(read(&linked, bed.path("suite/a.txt")), "in");
    assert_eq!(read(&linked, bed.path("by-link/sub/b.txt")), "below");
    assert_eq!(read(&linked, "far"), "outside");
    let wider = linked.with(&bed.path("elsewhere")).unwrap();
    assert_eq!(read(&wider, "far"), "out");
    assert_eq!(read(&wider, bed.path("elsewhere/c.txt")), "out");
    let all = bed.roots().with(Path::new("/")).unwrap();
    assert_eq!(read(&all, bed.path("elsewhere/c.txt")), "out");
    assert_eq!(read(&all, "/proc/self/environ"), "kernel");
    assert_eq!(read(&all, "/dev/zero"), "a character device");
    for (name, expected) in [("suite/a.txt", "no folder"), ("none", "missing")] {
        assert_eq!(word(&Roots::new(&bed.path(name)).unwrap_err()), expected);
    }
}

#[test]
fn what_is_said_of_a_link_names_where_it_leads() {
    let bed = Bed::new();
    bed.link("../elsewhere/c.txt", "suite/far");
    let error = bed.roots().read(Path::new("far"), SMALL).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("`far` is outside of `"), "{text}");
    assert!(text.ends_with("elsewhere/c.txt`"), "{text}");
}

#[test]
fn sizes_are_bounded_when_a_file_is_opened_and_while_it_is_read() {
    let bed = Bed::new();
    let roots = bed.roots();
    bed.write("suite/full", &"x".repeat(100));
    bed.write("suite/over", &"x".repeat(101));
    assert_eq!(read(&roots, "full").len(), 100);
    assert_eq!(read(&roots, "over"), "large");
    for (limit, expected) in [
        (SMALL, "large"),
        (SMALL.steady(), "grew"),
        (Limit::any().steady(), "grew"),
    ] {
        bed.write("suite/log", "12345");
        let mut open = roots.open(Path::new("log"), limit).unwrap();
        let mut start = [0; 3];
        open.read_exact(&mut start).unwrap();
        assert_eq!(open.taken().bytes(), 3);
        bed.write("suite/log", &"x".repeat(300));
        assert_eq!(word(&open.read_whole().unwrap_err()), expected);
    }
    let mut open = roots.open(Path::new("sub/b.txt"), SMALL).unwrap();
    let mut text = String::new();
    open.seek(SeekFrom::Start(2)).unwrap();
    open.read_to_string(&mut text).unwrap();
    assert_eq!(text, "low");
}

#[test]
fn what_the_user_names_may_be_anywhere_and_must_be_a_file() {
    let bed = Bed::new();
    bed.link(bed.path("elsewhere/c.txt"), "suite/far");
    bed.pipe("suite/pipe");
    for (name, expected) in [
        (bed.path("suite/far"), "out"),
        (bed.path("suite/pipe"), "a named pipe"),
        (bed.path("suite"), "a folder"),
        (bed.path("none"), "missing"),
        (PathBuf::from("/proc/self/environ"), "kernel"),
        (PathBuf::from("/dev/zero"), "a character device"),
    ] {
        let found = open_named(&name, SMALL).and_then(crate::Opened::read_whole);
        let found = found.map_or_else(
            |error| word(&error),
            |bytes| String::from_utf8(bytes).unwrap(),
        );
        assert_eq!(found, expected, "{name:?}");
    }
}

const BOUND: WalkBound = WalkBound {
    names: 50,
    depth: 5,
};

#[test]
fn walking_is_bounded_and_circles_do_no_harm() {
    let bed = Bed::new();
    bed.link("..", "suite/sub/up");
    bed.link(".", "suite/sub/here");
    bed.link("sub", "suite/twin");
    bed.write("suite/.git/x", "");
    bed.pipe("suite/pipe");
    let roots = bed.roots();
    let files = |start: &str| roots.files_below(Path::new(start), BOUND);
    let names: Vec<_> = files("").unwrap();
    let names: Vec<_> = names.iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names, ["a.txt", "sub/b.txt", "twin/b.txt"]);
    bed.link("../../elsewhere", "suite/sub/out");
    assert_eq!(word(&files("").unwrap_err()), "outside");
    fs_err::remove_file(bed.path("suite/sub/out")).unwrap();
    bed.write("suite/1/2/3/4/5/x", "");
    assert_eq!(word(&files("").unwrap_err()), "deep");
    for number in 0..50 {
        bed.write(&format!("suite/many/{number}"), "");
    }
    assert_eq!(files("many").unwrap().len(), 50);
    bed.write("suite/many/more", "");
    assert_eq!(word(&files("many").unwrap_err()), "many");
}

fn bits(path: &Path) -> u32 {
    fs_err::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_written_is_new_and_never_goes_through_a_link() {
    let bed = Bed::new();
    let victim = bed.path("elsewhere/c.txt");
    bed.link(&victim, "suite/planted");
    bed.link(bed.path("elsewhere/new"), "suite/hanging");
    bed.link("../elsewhere", "suite/far");
    let roots = bed.roots();
    for name in ["planted", "hanging", "a.txt"] {
        let error = create_new(&bed.path("suite").join(name), Mode::Owner).unwrap_err();
        assert_eq!(word(&error), "there", "{name}");
        let error = roots.create_new(Path::new(name), Mode::Owner).unwrap_err();
        assert_eq!(word(&error), "there", "{name}");
    }
    let error = roots.replace(Path::new("far/c.txt"), b"mine", Mode::Owner);
    assert_eq!(word(&error.unwrap_err()), "outside");
    replace(&bed.path("suite/planted"), b"mine", Mode::Owner).unwrap();
    roots
        .replace(Path::new("hanging"), b"mine", Mode::Owner)
        .unwrap();
    assert_eq!(fs_err::read(&victim).unwrap(), b"out");
    assert!(!bed.path("elsewhere/new").exists());
    assert_eq!(fs_err::read(bed.path("suite/planted")).unwrap(), b"mine");
    assert_eq!(bits(&bed.path("suite/planted")), 0o600);
    create_folder(&bed.path("suite/keys"), Mode::Owner).unwrap();
    assert_eq!(bits(&bed.path("suite/keys")), 0o700);
    let error = create_folder(&bed.path("suite/keys"), Mode::Owner).unwrap_err();
    assert_eq!(word(&error), "there");
}

#[test]
fn a_draft_that_is_given_up_leaves_nothing() {
    let bed = Bed::new();
    let path = bed.path("suite/a.txt");
    let names = || fs_err::read_dir(bed.path("suite")).unwrap();
    let is_left = |entry: std::io::Result<fs_err::DirEntry>| {
        is_draft(entry.unwrap().file_name().to_str().unwrap())
    };
    let mut draft = Replacement::begin(&path, Mode::Shared).unwrap();
    draft.write_all(b"half").unwrap();
    assert_eq!(names().map(is_left).filter(|left| *left).count(), 1);
    drop(draft);
    assert_eq!(names().map(is_left).filter(|left| *left).count(), 0);
    assert_eq!(fs_err::read(&path).unwrap(), b"in");
    let error = replace(&bed.path("suite/sub"), b"x", Mode::Shared).unwrap_err();
    assert_eq!(word(&error), "io", "{error}");
    assert_eq!(names().count(), 2, "the folder stays, and no draft");
    assert!(!is_draft("a.new-x") && !is_draft("results.csv"));
}
