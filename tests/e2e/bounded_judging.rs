//! Judging ends, whatever an answer or a stranger's suite makes of it: by limits that are the same on every machine,
//! and by the processor's time where a library escapes them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use cleanbench_testkit::{Answers, FakeServer, Latency, Script};
use serde_json::{Value, json};

use crate::bed::{Bed, MODEL, read, table};
use crate::hostile_yard::work;

/// Most work of a run with one answer and of all that judges for it, in seconds of the processor.
const MOST: f64 = 15.0;
/// After this time a program hangs, however busy the machine is.
const HANGS: Duration = Duration::from_mins(3);

/// Tables for hostile queries: many rows, a long blob, a long text.
const ROWS: &str = "n(i) as (select 1 union all select i + 1 from n limit 100000)";
const BLOB: &str = "b(x) as (select zeroblob(900000))";
const TEXT: &str = "b(x) as (select replace(hex(zeroblob(200000)), '0', 'a'))";

/// A suite whose one scorer is `scorer`, in TOML, and whose samples are answered by their own inputs.
fn echoing(scorer: &str, samples: &[Value]) -> (Bed, FakeServer) {
    let server = FakeServer::start(Script::answering(Answers::Echo));
    let bed = Bed::new(0);
    let lines: Vec<String> = samples.iter().map(ToString::to_string).collect();
    bed.write("suite/data.jsonl", &(lines.join("\n") + "\n"));
    bed.write(
        "suite/suite.toml",
        &format!(
            "name = \"hostile\"\nversion = \"1\"\n\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
             sensitivity = \"public\"\nprompt = \"{{{{ input }}}}\"\nscorers = [{scorer}]\n"
        ),
    );
    bed.models(&server.url(), "");
    (bed, server)
}

fn sql(queries: &[&str]) -> (Bed, FakeServer) {
    let samples: Vec<Value> = queries
        .iter()
        .enumerate()
        .map(|(number, query)| {
            json!({"id": format!("s{number:02}"), "input": format!("```sql\n{query}\n```"), "target": "select 1"})
        })
        .collect();
    let fixture = "create table t (x); insert into t values (1), (2), (3);";
    echoing(
        &format!("{{ type = \"sql\", fixture = \"{fixture}\" }}"),
        &samples,
    )
}

/// Waits for `child` until [`MOST`] is used up.
#[track_caller]
fn expect_in_time(mut child: Child, code: i32, what: &str) {
    let end = Instant::now() + HANGS;
    let mut used = BTreeMap::new();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                stderr.read_to_string(&mut said).unwrap();
            }
            assert_eq!(status.code(), Some(code), "{what}: {said}");
            return;
        }
        let ids = judging(&child).into_iter().chain([child.id()]);
        used.extend(ids.filter_map(|id| Some((id, work(id)?))));
        if used.values().sum::<f64>() > MOST || Instant::now() > end {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("not ended in time: {what}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs the suite and verifies what came of it; why nothing was extracted of each answer.
#[track_caller]
fn reasons(bed: &Bed, what: &str) -> Vec<String> {
    let run = ["run", "suite", "-m", MODEL, "-o", "out", "-q"];
    expect_in_time(bed.start(&run), 0, what);
    let run = bed.only_run("out");
    expect_in_time(bed.start(&["verify", run.to_str().unwrap()]), 0, what);
    let rows = table(&run, "results.csv").into_iter();
    let reasons = rows.map(|row| row["extraction_failure"].clone()).collect();
    fs_err::remove_dir_all(bed.path("out")).unwrap();
    reasons
}

#[test]
fn work_within_the_functions_of_a_query_ends_with_a_reason() {
    let steps = "the query takes too many steps";
    for body in [
        format!("{BLOB} select max(instr(x, cast(substr(x, 2) || 'c' as blob))) from b, n"),
        format!("{TEXT} select count(*) from b, n where x like '%a%a%a%a%a%b' || i"),
        format!("{TEXT} select count(*) from b, n where x glob '*a*a*[a-b]*a*b' || i"),
        format!("{TEXT} select sum(length(replace(x, substr(x, 1, 1000), 'b' || i))) from b, n"),
        format!("{TEXT} select sum(length(trim(x, 'bcdefghija' || i))) from b, n"),
        "o as (select 1) select sum(length(printf('%900000d', i))) from n".to_owned(),
        format!("{BLOB} select sum(length(hex(x))) from b, n"),
        format!("{BLOB} select sum(length(quote(x))) from b, n"),
        "o as (select 1) select sum(length(zeroblob(900000) || i)) from n".to_owned(),
        "o as (select 1) select length(group_concat(a.i || '-' || b.i)) from n a, n b".to_owned(),
        "j(x) as (select json_group_array(i) from n) select sum(json_extract(x, '$[' || i || ']')) from j, n"
            .to_owned(),
        "j(x) as (select json_group_object('k' || i, i) from n where i < 50000) \
         select length(json_patch(x, replace(x, 'k', 'l'))) from j"
            .to_owned(),
        "j(x) as (select json_group_array(i) from n) select count(*) from j, json_each(x) a, json_each(x) b"
            .to_owned(),
        format!("{BLOB} select x || i from b, n order by 1"),
        format!("{BLOB} select count(distinct x || i) from b, n"),
        format!("{TEXT} select sum(length(upper(lower(x)))) from b, n"),
        format!("{TEXT} select sum(unicode(substr(x, -i))) from b, n"),
        "p(x) as (select hex(zeroblob(400000))), q(x) as (select hex(zeroblob(400000))) \
         select sum(p.x = q.x) from p, q, n"
            .to_owned(),
        "o as (select 1) select count(*) from n a, n b, n c".to_owned(),
    ] {
        let query = format!("with recursive {ROWS}, {body}");
        let (bed, _server) = sql(&[&query]);
        assert_eq!(reasons(&bed, &query), [steps], "{query}");
    }
}

#[test]
fn memory_of_a_query_is_bounded_for_itself() {
    let sorted = "with recursive n(i) as (select 1 union all select i + 1 from n limit 300000), \
                  p(x) as (select hex(zeroblob(900))) select x || i from p, n order by 1 desc limit 1 offset 290000";
    let doubled =
        "with recursive s(x) as (select 'ab' union all select x || x from s) select max(x) from s";
    let queries = [sorted, doubled];
    let (bed, _server) = sql(&queries);
    let memory = "the query takes too much memory";
    assert_eq!(reasons(&bed, "memory"), [memory, memory]);
}

#[test]
fn the_clock_stands_still_and_chance_is_refused() {
    let (bed, _server) = sql(&[
        "select datetime('now')",
        "select date('n' || 'ow')",
        "select datetime()",
        "select current_timestamp",
        "select strftime('%s')",
        "select datetime('now', 'localtime')",
        "select time('subsec')",
        "select julianday()",
        "select random()",
        "select hex(randomblob(4))",
        "select total_changes()",
        "select sqlite_version()",
        "select 1 where '2026-01-01 00:00:00' = datetime('now')",
    ]);
    let denied = "the query does what it may not";
    let mut expected = vec![""; 8];
    expected.extend([denied; 4]);
    expected.push("");
    assert_eq!(reasons(&bed, "clock"), expected);
    bed.run_suite("again", &["-q"]).expect(0);
    let run = bed.only_run("again");
    assert_eq!(table(&run, "results.csv")[12]["score"], "1");
    std::thread::sleep(Duration::from_millis(1100));
    let verify = ["verify", run.to_str().unwrap()];
    let mut elsewhere = bed.command(&verify);
    let elsewhere = elsewhere.env("TZ", "America/New_York").output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(0));
}

#[test]
fn results_do_not_depend_on_how_many_are_judged_at_once() {
    let sort = |rows: usize| {
        format!(
            "with recursive n(i) as (select 1 union all select i + 1 from n limit {rows}), \
             p(x) as (select hex(zeroblob(900))) select count(*) from (select x || i from p, n order by 1)"
        )
    };
    let queries: Vec<String> = (0..8)
        .map(|number| sort(40_000 + number * 24_000))
        .collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let (bed, _server) = sql(&queries);
    let results = |number: &str| {
        let out = format!("out{number}");
        bed.run_suite(&out, &["-q", "-j", number]).expect(0);
        let run = bed.only_run(&out);
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
        read(&run, "results.csv")
    };
    let (one, many) = (results("1"), results("16"));
    assert_eq!(one, many);
    assert!(
        one.contains("too much memory") && one.contains("select count(*)"),
        "the limit divides the samples: {one}"
    );
}

/// Definitions of which each holds the next one twice, under `keyword`.
fn doubling(levels: usize, keyword: &str) -> Value {
    let mut definitions = json!({});
    for level in 0..levels {
        let next = json!({"$ref": format!("#/$defs/{}", level + 1)});
        definitions[level.to_string()] = Value::from_iter([(keyword, json!([next, next]))]);
    }
    definitions[levels.to_string()] = json!({"type": "object"});
    json!({"$defs": definitions, "$ref": "#/$defs/0"})
}

/// `levels` objects, each in the field `x` of the other.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!({}), |within, _| json!({ "x": within }))
}

#[test]
fn schemas_whose_work_explodes_end_with_a_reason() {
    let twice = |reference: Value| {
        let one = json!({"properties": {"x": reference}});
        json!([one, one])
    };
    let unevaluated = (0..40).fold(
        json!({"type": "object"}),
        |within, _| json!({"allOf": [within], "unevaluatedProperties": false}),
    );
    for (schema, answer) in [
        (doubling(26, "allOf"), json!({})),
        (doubling(26, "anyOf"), json!(5)),
        (doubling(26, "oneOf"), json!({})),
        (json!({"allOf": twice(json!({"$ref": "#"}))}), deep(60)),
        (
            json!({"$dynamicAnchor": "n", "allOf": twice(json!({"$dynamicRef": "#n"}))}),
            deep(60),
        ),
        (
            json!({"$anchor": "a", "allOf": twice(json!({"$ref": "#a"}))}),
            deep(60),
        ),
        (unevaluated, json!({"a": 1})),
        (json!({"$ref": "#"}), json!({})),
        (json!({"allOf": [{"not": {"$ref": "#"}}]}), json!({})),
        (json!({"pattern": "(x?){600}y"}), json!("x".repeat(200_000))),
        (
            json!({"items": {"enum": vec![vec![0; 60]; 3_000]}}),
            json!(vec![vec![0; 59]; 3_000]),
        ),
    ] {
        let what = schema.to_string().chars().take(200).collect::<String>();
        let by_target = [json!({"id": "s", "input": answer.to_string(), "target": schema})];
        let (bed, _server) = echoing("\"json_schema\"", &by_target);
        let expected = ["the schema takes too many steps"];
        assert_eq!(reasons(&bed, &what), expected, "{what}");
        let own = [json!({"id": "s", "input": answer.to_string()})];
        let text = Value::from(schema.to_string()).to_string();
        let scorer = format!("{{ type = \"json_schema\", schema = {text} }}");
        let (bed, _server) = echoing(&scorer, &own);
        assert_eq!(reasons(&bed, &what), expected, "{what}");
    }
}

#[test]
fn schemas_that_are_large_or_deep_are_validated_in_time() {
    let items: Vec<Value> = (0..50_000).map(|n| json!({ "n": n })).collect();
    let nested = (0..60).fold(
        json!({"type": "object"}),
        |within, _| json!({"not": {"not": within}}),
    );
    for (schema, answer) in [
        (json!({"uniqueItems": true}), json!(items)),
        (nested, json!({})),
        (
            json!({"pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}),
            json!("a".repeat(100_000)),
        ),
    ] {
        let samples = [json!({"id": "s", "input": answer.to_string(), "target": schema})];
        let (bed, _server) = echoing("\"json_schema\"", &samples);
        assert_eq!(reasons(&bed, "large"), [""]);
    }
}

#[test]
fn scorers_by_many_acceptable_answers_end_with_a_reason() {
    let many = |word: &str, count: usize| json!(vec![word.repeat(9_000); count]);
    for (scorer, answer, target) in [
        ("\"rouge_l\"", "a b ".repeat(9_000), many("b a ", 300)),
        ("\"edit_similarity\"", "ab".repeat(9_000), many("ba", 300)),
        ("\"chrf\"", "ab c".repeat(100_000), many("b ac", 100)),
        ("\"bleu\"", "ab c".repeat(100_000), many("b ac", 100)),
        ("\"f1\"", "ab c".repeat(100_000), many("b ac", 100)),
    ] {
        let samples = [json!({"id": "s", "input": answer, "target": target})];
        let (bed, _server) = echoing(scorer, &samples);
        let expected = ["too much text for so many acceptable answers"];
        assert_eq!(reasons(&bed, scorer), expected, "{scorer}");
    }
    let itself = [json!({"id": "s", "input": "a".repeat(1_000_000), "target": "a".repeat(500)})];
    let (bed, _server) = echoing("{ type = \"contains\", words = true }", &itself);
    assert_eq!(reasons(&bed, "contains"), [""]);
}

#[test]
fn long_answers_to_very_many_choices_end_with_a_reason() {
    let choices: Vec<String> = (0..9_999)
        .map(|number| format!("item-{number:04}"))
        .collect();
    let answer: String = (0..3_000)
        .map(|number| {
            format!("So the answer is item-{number}.\nI choose: what {number}/7 = x^2?\n")
        })
        .collect();
    for (scorer, answer, reason) in [
        (
            "\"choice\"",
            answer.as_str(),
            "too much text for so many acceptable answers",
        ),
        (
            "\"choices\"",
            &answer,
            "too much text for so many acceptable answers",
        ),
        ("\"choice\"", "The answer is item-0077.", ""),
        ("\"choices\"", "item-0077", ""),
    ] {
        let samples =
            [json!({"id": "s", "input": answer, "choices": choices, "target": choices[77]})];
        let (bed, _server) = echoing(scorer, &samples);
        assert_eq!(reasons(&bed, scorer), [reason], "{scorer}");
    }
}

#[test]
fn a_large_pattern_on_a_long_answer_ends_with_a_reason() {
    // Every position may begin a match of its own, which no automaton of bounded size keeps apart.
    let answer: String = (0_u32..400_000)
        .map(|n| {
            if n.wrapping_mul(2_654_435_769) >> 30 & 1 == 0 {
                'a'
            } else {
                'b'
            }
        })
        .collect();
    let scorer = "{ type = \"regex\", pattern = \"a[ab]{5000}c\", compare = \"match\" }";
    let (bed, _server) = echoing(
        scorer,
        &[json!({"id": "s", "input": answer, "target": "x"})],
    );
    assert_eq!(
        reasons(&bed, scorer),
        ["too much text for so large a pattern"]
    );
}

/// The processes that judge for `child`.
fn judging(child: &Child) -> Vec<u32> {
    let tasks = fs_err::read_dir(format!("/proc/{}/task", child.id()));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs_err::read_to_string(task.path().join("children")).ok());
    let ids = lists.collect::<Vec<_>>().join(" ");
    ids.split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect()
}

/// A run whose judgement of `query` was ended by the signal `name`. Where the signal came while nothing was judged, it is
/// tried again: what is said then is another matter.
fn ended_by(name: &str, query: &str) -> (Bed, FakeServer) {
    for _ in 0..20 {
        let (bed, server) = sql(&[query]);
        let mut child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-q", "-j", "1"]);
        crate::bed::wait_until("a process that judges", || {
            server.totals().requests > 0 && !judging(&child).is_empty()
                || child.try_wait().unwrap().is_some()
        });
        std::thread::sleep(Duration::from_millis(30));
        for id in judging(&child) {
            let id = id.to_string();
            let status = std::process::Command::new("kill")
                .args([&format!("-{name}"), &id])
                .status();
            assert!(status.unwrap().success());
        }
        let done = crate::bed::wait(child);
        if !done.stderr.contains("cannot be prepared") {
            done.expect(0);
            return (bed, server);
        }
    }
    panic!("{name} never came while an answer was judged")
}

#[test]
fn a_judgement_that_the_machine_ends_is_recorded_and_never_repeated() {
    for (name, reason) in [
        ("XCPU", "judging ran out of time, not recomputable"),
        ("KILL", "judging broke off, not recomputable"),
    ] {
        let slow =
            format!("with recursive {ROWS} select sum(length(printf('%900000d', i))) from n");
        let (bed, server) = ended_by(name, &slow);
        let run = bed.only_run("out");
        let rows = table(&run, "results.csv");
        let reasons: Vec<&str> = rows
            .iter()
            .map(|row| row["extraction_failure"].as_str())
            .collect();
        assert_eq!(
            reasons.iter().filter(|found| **found == reason).count(),
            1,
            "{reasons:?}"
        );
        let path = run.to_str().unwrap();
        let verified = bed.run(&["verify", path]).expect(0);
        assert!(
            verified.stdout.contains("recorded, not recomputable"),
            "{}",
            verified.stdout
        );
        let (before, asked) = (read(&run, "results.csv"), server.totals().requests);
        bed.run(&["run", "--resume", path]).expect(0);
        bed.run(&["report", path]).expect(0);
        assert_eq!(read(&run, "results.csv"), before);
        assert_eq!(server.totals().requests, asked);
    }
}

/// A run by a scorer whose tables take a while to make, so that a child can be ended meanwhile.
fn slowly_prepared() -> (Bed, FakeServer) {
    let fixture = "create table t as with recursive n(i) as (select 1 union all select i + 1 from n limit 400000) \
                   select i from n";
    let (bed, server) = echoing(
        &format!("{{ type = \"sql\", fixture = \"{fixture}\" }}"),
        &[json!({"id": "s", "input": "select 1", "target": "select 1"})],
    );
    bed.run_suite("out", &["-q"]).expect(0);
    (bed, server)
}

/// What `command` comes to when the first `most` processes that judge for it are killed.
fn with_killed_children(bed: &Bed, command: &[&str], most: usize) -> (crate::bed::Done, usize) {
    let mut child = bed.start(command);
    let mut killed = std::collections::BTreeSet::new();
    while child.try_wait().unwrap().is_none() {
        for id in judging(&child) {
            if killed.len() < most && killed.insert(id) {
                let id = id.to_string();
                let mut kill = std::process::Command::new("kill");
                // It may have ended by itself.
                drop(kill.args(["-KILL", &id]).output());
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    (crate::bed::wait(child), killed.len())
}

#[test]
fn a_scorer_that_the_machine_keeps_from_being_prepared_is_no_damage() {
    let (bed, _server) = slowly_prepared();
    let run = bed.only_run("out");
    let path = run.to_str().unwrap();
    for command in [&["verify", path][..], &["report", path], &["show", path]] {
        let (done, killed) = with_killed_children(&bed, command, usize::MAX);
        assert!(killed > 1, "{command:?}: another child is asked");
        let done = done.expect(75);
        assert!(
            done.stderr.contains("says nothing of the run"),
            "{command:?}: {}",
            done.stderr
        );
        // One that is killed is replaced.
        let (done, killed) = with_killed_children(&bed, command, 1);
        assert_eq!(killed, 1);
        done.expect(0);
    }
}

#[test]
fn a_fixture_that_does_not_end_is_refused_before_anything_is_asked() {
    let server = FakeServer::start(Script::default());
    for fixture in [
        "create table t as with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
        "create table t as with recursive n(i) as (select 1 union all select i + 1 from n limit 100000), \
         b(x) as (select zeroblob(900000)) select max(instr(x, cast(substr(x, 2) || 'c' as blob))) as m from b, n",
    ] {
        let (bed, _own) = echoing(
            &format!("{{ type = \"sql\", fixture = \"{fixture}\" }}"),
            &[json!({"id": "s", "input": "select 1", "target": "select 1"})],
        );
        bed.models(&server.url(), "");
        expect_in_time(bed.start(&["check", "suite", "-m", MODEL]), 65, fixture);
    }
    assert_eq!(server.totals().requests, 0);
}

#[test]
fn the_times_of_other_calls_are_their_own_while_an_answer_is_judged() {
    let script = Script {
        latency: Latency {
            fixed_ms: 20,
            ..Latency::default()
        },
        ..Script::answering(Answers::Echo)
    };
    let slow = format!("with recursive {ROWS} select sum(length(printf('%900000d', i))) from n");
    let mut queries = vec!["select 1"; 120];
    queries.extend(vec![slow.as_str(); 6]);
    let (bed, server) = sql(&queries);
    server.set_script(script);
    let run = ["run", "suite", "-m", MODEL, "-o", "out", "-q", "-j", "8"];
    let end = Duration::from_mins(2);
    let started = Instant::now();
    let mut child = bed.start(&run);
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > end {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let run = bed.only_run("out");
    let times: Vec<f64> = table(&run, "calls.csv")
        .iter()
        .map(|row| row["end_ms"].parse().unwrap())
        .collect();
    assert_eq!(times.len(), 126);
    let longest = times.iter().copied().fold(0.0, f64::max);
    assert!(longest < 500.0, "{longest} ms");
    assert_lag(&run);
}

/// The program's own timers were not held up.
#[track_caller]
fn assert_lag(run: &Path) {
    let journal = read(run, "journal/00000.jsonl");
    let stopped = journal.lines().next_back().unwrap();
    let record: Value = serde_json::from_str(stopped).unwrap();
    let lag = record["event"]["stopped"]["lag"]["max"].as_u64().unwrap();
    assert!(lag < 400_000, "{lag} µs");
}
