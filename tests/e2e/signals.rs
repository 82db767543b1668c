//! Two signals end the program whatever it is doing, and what was recorded goes on later.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use cleanbench_testkit::{Answers, FakeServer, Latency, Script};

use crate::bed::{Bed, CHOICES, MODEL, answering, bed_with, read, signal, wait, wait_until};

/// Two seconds, and as much again for a machine with other things to do.
const MOST: Duration = Duration::from_secs(4);

/// How `child` ended, and after how long.
#[track_caller]
fn ended(mut child: Child, what: &str) -> ExitStatus {
    let end = Instant::now() + MOST;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("not ended in time: {what}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends two signals by name, a little apart, and expects the end.
#[track_caller]
fn interrupt_twice(child: Child, name: &str, what: &str) {
    signal(&child, name);
    std::thread::sleep(Duration::from_millis(150));
    let mut child = child;
    if child.try_wait().unwrap().is_none() {
        signal(&child, name);
    }
    assert_eq!(ended(child, what).code(), Some(130), "{what}");
}

/// A suite so large that loading, planning and verifying it take their time.
fn large(samples: usize) -> (Bed, FakeServer) {
    let (bed, server) = bed_with(1, answering());
    let lines: String = (0..samples)
        .map(|number| {
            format!("{{\"id\":\"s{number}\",\"input\":\"{number}\",\"target\":\"billing\"}}\n")
        })
        .collect();
    bed.write("suite/data.jsonl", &lines);
    (bed, server)
}

fn start_run(bed: &Bed, more: &[&str]) -> Child {
    let mut arguments = vec!["run", "suite", "-m", MODEL, "-o", "out"];
    arguments.extend(more);
    bed.start(&arguments)
}

/// Goes on with the only run to its end and verifies it.
#[track_caller]
fn complete(bed: &Bed, more: &[&str]) -> PathBuf {
    let mut arguments = vec!["run", "--resume", "-o", "out"];
    arguments.extend(more);
    bed.run(&arguments).expect(0);
    let run = bed.only_run("out");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    run
}

#[test]
fn loading_and_planning_end_at_once_and_leave_nothing() {
    let (bed, server) = large(150_000);
    let loading = start_run(&bed, &[]);
    std::thread::sleep(Duration::from_millis(150));
    interrupt_twice(loading, "INT", "loading");
    assert!(!bed.path("out").exists(), "nothing was planned");
    for name in ["INT", "TERM", "HUP"] {
        let planning = start_run(&bed, &[]);
        let patience = Instant::now() + Duration::from_mins(1);
        while !bed.path("out").is_dir() || bed.path("out").read_dir().unwrap().count() == 0 {
            assert!(Instant::now() < patience, "no run was planned");
            std::thread::sleep(Duration::from_millis(1));
        }
        interrupt_twice(planning, name, "planning");
        assert_eq!(bed.path("out").read_dir().unwrap().count(), 0, "{name}");
        fs_err::remove_dir_all(bed.path("out")).unwrap();
    }
    assert_eq!(server.totals().requests, 0);
}

#[test]
fn what_a_kill_leaves_of_a_plan_is_listed() {
    let (bed, _server) = large(150_000);
    let mut planning = start_run(&bed, &[]);
    let patience = Instant::now() + Duration::from_mins(1);
    while !bed.path("out").is_dir() || bed.path("out").read_dir().unwrap().count() == 0 {
        assert!(Instant::now() < patience, "no run was planned");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(30));
    let listed = bed.run(&["list", "-o", "out"]).expect(0);
    assert!(!listed.stderr.contains("cut off"), "{}", listed.stderr);
    signal(&planning, "KILL");
    planning.wait().unwrap();
    let listed = bed.run(&["list", "-o", "out"]).expect(0);
    let left = bed.only_run("out");
    let name = left.file_name().unwrap().to_str().unwrap();
    assert!(
        listed.stderr.contains(name) && listed.stderr.contains("planning was cut off"),
        "{}",
        listed.stderr
    );
}

#[test]
fn calls_that_never_end_are_dropped_by_the_second_signal() {
    let slow = Script {
        latency: Latency {
            fixed_ms: 60_000,
            ..Latency::default()
        },
        ..answering()
    };
    for name in ["INT", "TERM", "HUP"] {
        let (bed, server) = bed_with(6, slow.clone());
        let calling = start_run(&bed, &["-j", "3"]);
        wait_until("calls", || server.totals().requests == 3);
        interrupt_twice(calling, name, "calling");
        server.set_script(answering());
        complete(&bed, &[]);
    }
}

#[test]
fn a_hang_up_drains_and_says_how_to_go_on() {
    let script = Script {
        latency: Latency {
            fixed_ms: 20,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(300, script);
    let calling = start_run(&bed, &["-j", "4"]);
    wait_until("some answers", || server.totals().requests > 20);
    signal(&calling, "HUP");
    let done = wait(calling).expect(130);
    assert!(
        done.stderr.contains("cleanbench run --resume"),
        "{}",
        done.stderr
    );
    assert!(server.totals().requests < 300, "stopped early");
    complete(&bed, &[]);
    assert_eq!(server.counts().max_per_prompt, 1, "nothing was dropped");
}

#[test]
fn a_hang_up_that_is_to_be_ignored_is_ignored() {
    let script = Script {
        latency: Latency {
            fixed_ms: 20,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(60, script);
    let program = env!("CARGO_BIN_EXE_cleanbench");
    let line = format!("trap '' HUP; exec {program} run suite -m {MODEL} -o out -j 4");
    let mut shell = std::process::Command::new("/bin/sh");
    let calling = shell
        .args(["-c", &line])
        .current_dir(bed.path("."))
        .env_clear()
        .env("HOME", bed.path("."))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("some answers", || server.totals().requests > 10);
    signal(&calling, "HUP");
    wait(calling).expect(0);
}

#[test]
fn a_judgement_that_takes_long_ends_with_the_second_signal() {
    let server = FakeServer::start(Script::answering(Answers::Fixed("billing".to_owned())));
    let bed = Bed::new(4);
    let began = bed.path("began");
    let quick = bed.path("quick");
    let script = format!(
        "read -r line; echo $$ >> {}; test -e {} || /bin/sleep 600; echo '{{\\\"score\\\": 1}}'",
        began.display(),
        quick.display()
    );
    bed.write(
        "suite/suite.toml",
        &format!(
            "name = \"tickets\"\nversion = \"1\"\n\n[[task]]\nname = \"routing\"\ndata = \"data.jsonl\"\n\
             sensitivity = \"private\"\nprompt = \"{{{{ input }}}}\"\nchoices = {CHOICES:?}\n\
             scorers = [{{ type = \"command\", program = \"/bin/sh\", args = [\"-c\", \"{script}\"], timeout = 600 }}]\n"
        ),
    );
    bed.models(&server.url(), "");
    let judging = start_run(&bed, &["--allow-commands", "-j", "2"]);
    let started = || fs_err::read_to_string(bed.path("began")).unwrap_or_default();
    wait_until("two judgements", || started().lines().count() >= 2);
    interrupt_twice(judging, "INT", "judging");
    for id in started().lines() {
        wait_until("the end of a program that judged", || is_gone(id));
    }
    bed.write("quick", "");
    let before = server.totals().requests;
    let run = complete(&bed, &["--allow-commands"]);
    assert!(server.totals().requests <= 4, "{before} before");
    assert_eq!(read(&run, "results.csv").matches(",command,1,").count(), 4);
}

/// Whether the process is gone, or only its end is not yet taken note of.
fn is_gone(id: &str) -> bool {
    let stat = fs_err::read_to_string(Path::new("/proc").join(id).join("stat"));
    stat.is_ok_and(|stat| stat.contains(") Z ")) || !Path::new("/proc").join(id).exists()
}

/// A run whose answers take a few seconds to judge, every time.
fn slowly_judged() -> (Bed, FakeServer) {
    let server = FakeServer::start(Script::answering(Answers::Echo));
    let bed = Bed::new(0);
    let query = "with recursive n(i) as (select 1 union all select i + 1 from n limit 100000) \
                 select sum(length(printf('%900000d', i))) from n";
    let lines: String = (0..12)
        .map(|number| {
            format!("{{\"id\":\"s{number}\",\"input\":\"{query}\",\"target\":\"select 1\"}}\n")
        })
        .collect();
    bed.write("suite/data.jsonl", &lines);
    bed.write(
        "suite/suite.toml",
        "name = \"slow\"\nversion = \"1\"\n\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\nsensitivity = \"public\"\n\
         prompt = \"{{ input }}\"\nscorers = [{ type = \"sql\", fixture = \"create table t (x)\" }]\n",
    );
    bed.models(&server.url(), "");
    (bed, server)
}

#[test]
fn reporting_verifying_and_all_that_reads_end_too() {
    let (bed, server) = slowly_judged();
    let reporting = start_run(&bed, &["-q"]);
    let patience = Instant::now() + Duration::from_mins(2);
    let is_over = || {
        let out = bed.path("out");
        let runs = out.read_dir().into_iter().flatten().flatten();
        let journals = runs.map(|run| run.path().join("journal/00000.jsonl"));
        let mut journals = journals.filter_map(|path| fs_err::read_to_string(path).ok());
        journals.any(|journal| journal.contains("\"stopped\""))
    };
    while !is_over() {
        assert!(Instant::now() < patience, "the calls do not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt_twice(reporting, "INT", "reporting");
    let asked = server.totals().requests;
    let run = complete(&bed, &["-q"]);
    assert_eq!(server.totals().requests, asked, "nothing was asked again");
    let run = run.to_str().unwrap();
    for command in [
        vec!["verify", run],
        vec!["report", run],
        vec!["score", run, "suite", "-o", "anew"],
    ] {
        let child = bed.start(&command);
        std::thread::sleep(Duration::from_millis(400));
        interrupt_twice(child, "INT", command[0]);
        bed.run(&["verify", run]).expect(0);
    }
}
