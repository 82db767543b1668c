//! A disk that is full ends a run in order: exit code 73, what to do next, and nothing lost.

use std::process::Command;
use std::time::{Duration, Instant};

use cleanbench_testkit::{Fault, Rule};

use crate::bed::{Bed, Done, MODEL, answering, bed_with, read, table};

/// Runs the suite on a file system of `$1` KiB, makes room, goes on, and says how each step ended.
/// Everything happens in one mount namespace, because the file system goes with it.
const ON_A_SMALL_DISK: &str = r#"
    mkdir -p disk && mount -t tmpfs -o size="$1"k none disk || exit 99
    "$2" run suite -m fake -o disk/out 2> "said$1"; echo "run $?"
    mount -o remount,size=64m disk || exit 99
    run=$(ls -d disk/out/*/ 2> /dev/null)
    if [ -n "$run" ]; then
        "$2" verify "$run" > /dev/null; echo "half $?"
        "$2" run --resume "$run" > /dev/null 2>&1; echo "resume $?"
    else
        "$2" run suite -m fake -o disk/out > /dev/null 2>&1; echo "again $?"
        run=$(ls -d disk/out/*/)
    fi
    "$2" verify "$run" > /dev/null; echo "verify $?"
    ls "$run" | grep -c '\.new$' | sed 's/^/drafts /'
    cat "$run/results.csv" > "results$1"
"#;

/// Runs `script` where it may mount; `None`, with a note, where nobody may.
#[expect(
    clippy::print_stderr,
    reason = "a test that checks nothing must say so"
)]
fn in_a_namespace(bed: &Bed, script: &str, arguments: &[&str]) -> Option<Done> {
    let allowed = Command::new("unshare").args(["-Urm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no mount namespace can be made here");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_cleanbench");
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .args(arguments)
        .arg(program)
        .current_dir(bed.path(""))
        .env("HOME", bed.path(""))
        .output()
        .unwrap();
    let done = Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    if done.code == 99 {
        eprintln!(
            "skipped: no file system can be mounted here: {}",
            done.stderr
        );
        return None;
    }
    Some(done)
}

#[test]
fn a_disk_of_any_size_that_is_too_small_ends_a_run_in_order() {
    let (bed, _server) = bed_with(60, answering());
    bed.run_suite("whole", &[]).expect(0);
    let expected = read(&bed.only_run("whole"), "results.csv");
    let (mut planned, mut unplanned, mut size) = (0, 0, 8);
    loop {
        let text = size.to_string();
        let Some(done) = in_a_namespace(&bed, ON_A_SMALL_DISK, &[&text]) else {
            return;
        };
        if done.stdout.starts_with("run 0\n") || done.stdout.contains("\nrun 0\n") {
            break;
        }
        let said = fs_err::read_to_string(bed.path(&format!("said{size}"))).unwrap();
        let show = format!("{size} KiB\n{}\n{said}\n{}", done.stdout, done.stderr);
        assert!(done.stdout.contains("run 73\n"), "{show}");
        for wrong in ["panic", "a bug in cleanbench"] {
            assert!(!said.contains(wrong), "{show}");
        }
        assert!(said.contains("No space left"), "{show}");
        if done.stdout.contains("half") {
            planned += 1;
            assert!(done.stdout.contains("half 75\nresume 0\n"), "{show}");
            assert!(said.contains("cannot write to `disk/out/"), "{show}");
            assert!(said.contains("cleanbench run --resume disk/out/"), "{show}");
        } else {
            unplanned += 1;
            assert!(done.stdout.contains("again 0\n"), "{show}");
            assert!(said.contains("in `disk/out`"), "{show}");
            assert!(said.contains("`-o DIR`"), "{show}");
        }
        assert!(done.stdout.contains("verify 0\ndrafts 0\n"), "{show}");
        assert_eq!(read(&bed.path(""), &format!("results{size}")), expected);
        size += 4;
    }
    assert!(planned >= 5 && unplanned >= 1, "{planned} {unplanned}");
}

#[test]
fn a_file_that_may_not_grow_ends_a_run_in_order() {
    let (bed, server) = bed_with(60, answering());
    bed.run_suite("whole", &[]).expect(0);
    let expected = read(&bed.only_run("whole"), "results.csv");
    for blocks in [40, 80, 120] {
        // Some calls are never answered; nobody waits for what cannot be recorded.
        server.set_script(answering().with_rule(Rule::always(Fault::Hang).for_share(0.05)));
        let started = Instant::now();
        let out = format!("out{blocks}");
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" run suite -m {MODEL} -o {out}");
        let program = env!("CARGO_BIN_EXE_cleanbench");
        let output = Command::new("sh")
            .args(["-c", &script, program])
            .current_dir(bed.path(""))
            .env("HOME", bed.path(""))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(started.elapsed() < Duration::from_secs(30), "{said}");
        server.set_script(answering());
        assert_eq!(output.status.code(), Some(73), "{blocks}: {said}");
        assert!(said.contains("File too large"), "{said}");
        assert!(said.contains("cleanbench run --resume out"), "{said}");
        let run = bed.only_run(&out);
        let path = run.to_str().unwrap();
        bed.run(&["verify", path]).expect(75);
        bed.run(&["run", "--resume", path]).expect(0);
        bed.run(&["verify", path]).expect(0);
        assert_eq!(read(&run, "results.csv"), expected);
        let unknown = table(&run, "calls.csv");
        let unknown = unknown.iter().filter(|row| row["outcome"].is_empty());
        assert!(unknown.count() <= 16, "only what was in flight is unknown");
    }
    assert!(server.totals().requests >= 240);
}

#[test]
fn shards_that_find_no_room_are_not_merged() {
    const SCRIPT: &str = r#"
        mkdir -p disk && mount -t tmpfs -o size=100k none disk || exit 99
        "$1" merge one/* two/* -o disk/out > /dev/null 2> said; echo "merge $?"
        ls disk/out | wc -l | sed 's/^/left /'
        for run in one/* two/*; do "$1" verify "$run" > /dev/null; echo "verify $?"; done
        mount -o remount,size=64m disk || exit 99
        "$1" merge one/* two/* -o disk/out > /dev/null 2>&1; echo "again $?"
        "$1" verify disk/out/* > /dev/null; echo "verify $?"
    "#;
    let (bed, _server) = bed_with(120, answering());
    bed.run_suite("one", &["--shard", "1/2"]).expect(0);
    bed.run_suite("two", &["--shard", "2/2"]).expect(0);
    let Some(done) = in_a_namespace(&bed, SCRIPT, &[]) else {
        return;
    };
    let said = read(&bed.path(""), "said");
    assert_eq!(
        done.stdout, "merge 73\nleft 0\nverify 0\nverify 0\nagain 0\nverify 0\n",
        "{said}{}",
        done.stderr
    );
    assert!(said.contains("disk/out"), "{said}");
    assert!(said.contains("nothing is merged"), "{said}");
}

/// A report of a finished run on a full disk leaves what there is.
#[test]
fn tables_that_cannot_be_drawn_leave_the_old_ones() {
    const SCRIPT: &str = r#"
        mkdir -p disk && mount -t tmpfs -o size=64m none disk || exit 99
        cp -r whole disk/out && run=$(ls -d disk/out/*/)
        mkdir disk/suite && cp suite/*.toml suite/*.jsonl disk/suite
        # Only the last pages are left.
        size=$(du -sk disk | cut -f1)
        mount -o remount,size=$((size + 4))k disk || exit 99
        "$1" report "$run" 2> said; echo "report $?"
        ls "$run" | grep -c '\.new$' | sed 's/^/drafts /'
        "$1" verify "$run" > /dev/null; echo "verify $?"
        head -c 1000000 /dev/zero > disk/filler 2> /dev/null
        "$1" run disk/suite -m fake -o elsewhere > /dev/null 2> key; echo "run $?"
        ls disk/suite | grep -c key | sed 's/^/keys /'
    "#;
    let (bed, _server) = bed_with(60, answering());
    bed.run_suite("whole", &[]).expect(0);
    let Some(done) = in_a_namespace(&bed, SCRIPT, &[]) else {
        return;
    };
    let said = read(&bed.path(""), "said");
    let show = format!("{}\n{said}\n{}", done.stdout, done.stderr);
    assert!(
        done.stdout.contains("report 73\ndrafts 0\nverify 0\n"),
        "{show}"
    );
    assert!(said.contains("cleanbench report disk/out/"), "{show}");
    assert!(done.stdout.contains("run 0\nkeys 0\n"), "{show}");
    assert!(
        read(&bed.path(""), "key").contains("will not pair"),
        "{show}"
    );
}
