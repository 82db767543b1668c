//! Suites of strangers: whatever a suite names, nothing is opened but files in its folder; whatever it holds, it is
//! refused soon and cheaply; and nothing is sent, told or touched on the way.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::bed::MODEL;
use crate::hostile_yard::{HEAD, OUTSIDE, PNG, ROW, Yard, task};

/// A suite by its name, and how it is built in a yard that holds one that is fine.
type Case = (String, Box<dyn Fn(&Yard)>);

fn case(name: impl Into<String>, build: impl Fn(&Yard) + 'static) -> Case {
    (name.into(), Box::new(build))
}

/// Runs every case in a yard of its own and panics with all that is wrong, case by case.
#[track_caller]
fn all_are_refused(cases: Vec<Case>, least: usize) {
    let mut wrong = Vec::new();
    assert!(cases.len() >= least, "{} cases", cases.len());
    for (name, build) in cases {
        let yard = Yard::new();
        build(&yard);
        let faults = yard.faults();
        wrong.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A key of a suite that names a file.
struct Slot {
    key: &'static str,
    /// How the names of such files end.
    ending: &'static str,
    /// A suite that names a file by it.
    build: fn(&Yard, &str),
}

const SLOTS: [Slot; 8] = [
    Slot {
        key: "data",
        ending: "jsonl",
        build: |yard, file| yard.manifest(&task("t", file, "")),
    },
    Slot {
        key: "prompt_file",
        ending: "md",
        build: |yard, file| with_keys(yard, &format!("prompt_file = \"{file}\"")),
    },
    Slot {
        key: "schema_file",
        ending: "json",
        build: |yard, file| {
            let format =
                format!("{{ type = \"json_schema\", name = \"n\", schema_file = \"{file}\" }}");
            with_keys(yard, &format!("response_format = {format}"));
        },
    },
    Slot {
        key: "parameters_file",
        ending: "json",
        build: |yard, file| {
            let tool = format!("{{ name = \"n\", parameters_file = \"{file}\" }}");
            with_keys(yard, &format!("tools = [{tool}]"));
        },
    },
    Slot {
        key: "fewshot",
        ending: "jsonl",
        build: |yard, file| with_keys(yard, &format!("fewshot = \"{file}\"")),
    },
    Slot {
        key: "messages",
        ending: "png",
        build: |yard, file| {
            let text = "{ type = \"text\", text = \"{{ input }}\" }";
            let image = format!("{{ type = \"image\", file = \"{file}\" }}");
            let message = format!("{{ role = \"user\", content = [{text}, {image}] }}");
            with_keys(yard, &format!("messages = [{message}]"));
        },
    },
    Slot {
        key: "images",
        ending: "png",
        build: |yard, file| {
            let row = format!("{{\"input\":\"q\",\"target\":\"a\",\"images\":[\"{file}\"]}}\n");
            yard.write("suite/data.jsonl", row);
        },
    },
    Slot {
        key: "probes",
        ending: "md",
        build: |yard, file| {
            let probes = format!(
                "[probes]\nuse = [\"completion\"]\nprompts = {{ completion = \"{file}\" }}\n"
            );
            yard.manifest(&(task("t", "data.jsonl", "") + &probes));
        },
    },
];

fn with_keys(yard: &Yard, keys: &str) {
    yard.manifest(&task("t", "data.jsonl", keys));
}

/// Ways out of a suite's folder, or to what is no file: a name, and what makes the file of the suite with a given ending.
type Way = (&'static str, fn(&Yard, &str) -> String);

const WAYS: [Way; 16] = [
    ("absolute", |yard, ending| {
        let path = yard.path(&format!("outside/x.{ending}"));
        path.to_str().unwrap().to_owned()
    }),
    ("upwards", |_, ending| format!("../outside/x.{ending}")),
    ("link", |yard, ending| {
        let target = yard.path(&format!("outside/x.{ending}"));
        linked(yard, target, ending)
    }),
    ("relative link", |yard, ending| {
        linked(yard, format!("../outside/x.{ending}"), ending)
    }),
    ("linked folder", |yard, ending| {
        yard.link("../outside", "suite/folder");
        format!("folder/x.{ending}")
    }),
    ("chain of links", |yard, ending| {
        yard.link(format!("../outside/x.{ending}"), "suite/first");
        yard.link("first", "suite/second");
        linked(yard, "sub/../second", ending)
    }),
    ("pipe", |yard, ending| {
        yard.pipe(&format!("suite/x.{ending}"));
        format!("x.{ending}")
    }),
    ("link to a pipe", |yard, ending| {
        yard.pipe("suite/pipe");
        linked(yard, "pipe", ending)
    }),
    ("zeros", |yard, ending| linked(yard, "/dev/zero", ending)),
    ("terminal", |yard, ending| linked(yard, "/dev/tty", ending)),
    ("input", |yard, ending| linked(yard, "/dev/stdin", ending)),
    ("environment", |yard, ending| {
        linked(yard, "/proc/self/environ", ending)
    }),
    ("environment by another way", |yard, ending| {
        yard.link("/proc/self", "suite/me");
        linked(yard, "me/environ", ending)
    }),
    ("folder", |yard, ending| {
        fs_err::create_dir(yard.path(&format!("suite/x.{ending}"))).unwrap();
        format!("x.{ending}")
    }),
    ("link to nothing", |yard, ending| {
        linked(yard, "nothing", ending)
    }),
    ("link to itself", |yard, ending| {
        linked(yard, format!("x.{ending}"), ending)
    }),
];

/// A link to `target` in the suite; its name.
fn linked(yard: &Yard, target: impl AsRef<Path>, ending: &str) -> String {
    fs_err::create_dir_all(yard.path("suite/sub")).unwrap();
    yard.link(target, &format!("suite/x.{ending}"));
    format!("x.{ending}")
}

/// Every way for the keys from `first` on, `count` of them: several tests share the time.
fn ways_of(first: usize, count: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for slot in &SLOTS[first..first + count] {
        for (name, way) in WAYS {
            let (key, build, ending) = (slot.key, slot.build, slot.ending);
            cases.push(case(format!("{key} by {name}"), move |yard| {
                build(yard, &way(yard, ending));
            }));
        }
    }
    cases
}

#[test]
fn data_and_prompts_are_files_of_the_suite() {
    all_are_refused(ways_of(0, 2), 32);
}

#[test]
fn schemas_and_tools_are_files_of_the_suite() {
    all_are_refused(ways_of(2, 2), 32);
}

#[test]
fn examples_and_images_of_tasks_are_files_of_the_suite() {
    all_are_refused(ways_of(4, 2), 32);
}

#[test]
fn images_of_samples_and_prompts_of_probes_are_files_of_the_suite() {
    all_are_refused(ways_of(6, 2), 32);
}

#[test]
fn the_files_that_every_suite_may_have_are_files_of_the_suite() {
    let mut cases = Vec::new();
    for (name, ending) in [
        ("suite.toml", "toml"),
        ("quarantine.toml", "toml"),
        ("suite.key", "key"),
    ] {
        let file = format!("suite/{name}");
        let place = file.clone();
        cases.push(case(format!("{name} is a pipe"), move |yard| {
            yard.pipe(&place);
        }));
        for target in [
            "/dev/zero",
            "/proc/self/environ",
            "/proc/self/fd/0",
            "/dev/null",
            "../outside/x.",
        ] {
            let place = file.clone();
            let target = if target.ends_with('.') {
                format!("{target}{ending}")
            } else {
                target.to_owned()
            };
            cases.push(case(format!("{name} -> {target}"), move |yard| {
                yard.link(&target, &place);
            }));
        }
        let place = file.clone();
        cases.push(case(format!("{name} is large"), move |yard| {
            yard.hole(&place, 64 << 30);
        }));
    }
    // The key is read by `run` alone: what `check` says of such a suite is fine.
    let (keys, others): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .partition(|(name, _)| name.starts_with("suite.key"));
    all_are_refused(others, 14);
    for (name, build) in keys {
        let yard = Yard::new();
        build(&yard);
        let faults = yard.faults();
        let faults: Vec<_> = faults.iter().filter(|it| it.starts_with("run")).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

#[test]
fn odd_names_and_kinds_are_refused() {
    let data = |name: &'static str| move |yard: &Yard| yard.manifest(&task("t", name, ""));
    let mut cases = vec![
        case("NUL", data("a\\u0000b.jsonl")),
        case("escape", data("a\\u001b[2Jb.jsonl")),
        case("right to left", data("a\\u202eb.jsonl")),
        case("nothing", data(".")),
        case("a folder itself", data("..")),
        case("below a file", data("data.jsonl/x.jsonl")),
        case("the manifest", data("suite.toml")),
        case("an archive", data("x.zip")),
    ];
    let long = "x".repeat(300);
    cases.push(case("a long name", move |yard| {
        yard.manifest(&task("t", &format!("{long}.jsonl"), ""));
    }));
    cases.push(case("a long way", |yard| {
        yard.manifest(&task("t", &format!("{}x.jsonl", "a/".repeat(5_000)), ""));
    }));
    cases.push(case("a socket", |yard| {
        drop(UnixListener::bind(yard.path("suite/x.jsonl")).unwrap());
        yard.manifest(&task("t", "x.jsonl", ""));
    }));
    cases.push(case("large prompt", |yard| {
        yard.hole("suite/x.md", 8 << 30);
        with_keys(yard, "prompt_file = \"x.md\"");
    }));
    cases.push(case("large schema", |yard| {
        yard.hole("suite/x.json", 8 << 30);
        (SLOTS[2].build)(yard, "x.json");
    }));
    cases.push(case("large image", |yard| {
        yard.hole("suite/x.png", 8 << 30);
        (SLOTS[6].build)(yard, "x.png");
    }));
    cases.push(case("data of zeros", |yard| {
        yard.hole("suite/data.jsonl", 64 << 30);
    }));
    cases.push(case("cells of zeros", |yard| {
        yard.hole("suite/x.csv", 64 << 30);
        yard.manifest(&task("t", "x.csv", ""));
    }));
    all_are_refused(cases, 16);
}

#[test]
fn packed_data_is_bounded_by_what_it_is_packed_from() {
    let zeros = vec![0; 1 << 20];
    let blank = vec![b'\n'; 1 << 20];
    let spaces = b"        \n".repeat(100_000);
    let rows = ROW.repeat(40_000).into_bytes();
    let long = [
        b"{\"input\":\"".to_vec(),
        vec![b'x'; 1 << 20],
        b"\",\"target\":\"a\"}\n".to_vec(),
    ];
    let long = long.concat();
    let parts = [
        ("zeros", zeros),
        ("blank lines", blank),
        ("spaces", spaces),
        ("rows", rows),
        ("long rows", long),
    ];
    let mut cases = Vec::new();
    for (name, part) in parts {
        for (packed, pack) in [
            ("jsonl.gz", Yard::gzip as fn(&Yard, &str, &[u8], usize)),
            ("csv.zst", Yard::zstd),
        ] {
            let part = part.clone();
            cases.push(case(format!("{name} in {packed}"), move |yard| {
                let file = format!("x.{packed}");
                pack(yard, &format!("suite/{file}"), &part, 1_000);
                yard.manifest(&task("t", &file, ""));
            }));
        }
    }
    cases.push(case("members without end", |yard| {
        let mut empty = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::flush(&mut empty).unwrap();
        let member = empty.finish().unwrap();
        yard.write("suite/x.jsonl.gz", member.repeat(100_000));
        yard.manifest(&task("t", "x.jsonl.gz", ""));
    }));
    cases.push(case("examples", |yard| {
        yard.gzip("suite/x.jsonl.gz", ROW.repeat(40_000).as_bytes(), 1_000);
        with_keys(yard, "fewshot = \"x.jsonl.gz\"");
    }));
    all_are_refused(cases, 12);
}

#[test]
fn records_are_bounded_by_their_memory() {
    let wide = |part: &'static str, times: usize, begin: &'static str, end: &'static str| {
        move |yard: &Yard| {
            yard.write(
                "suite/data.jsonl",
                format!("{begin}{}{end}\n", part.repeat(times)),
            );
        }
    };
    let start = "{\"input\":\"q\",\"target\":\"a\",";
    let meta = "{\"input\":\"q\",\"target\":\"a\",\"metadata\":{\"m\":[";
    let choices = "{\"input\":\"q\",\"target\":\"a\",\"choices\":[";
    let images = "{\"input\":\"q\",\"target\":\"a\",\"images\":[";
    let mut cases = vec![
        case("too long", wide("x", 70 << 20, "{\"input\":\"", "\"}")),
        case("numbers", wide("1,", 20 << 20, meta, "1]}}")),
        case("objects", wide("{},", 15 << 20, meta, "1]}}")),
        case("same keys", wide("\"k\":1,", 5 << 20, start, "\"k\":1}")),
        case("choices", wide("\"x\",", 5 << 20, choices, "\"y\"]}")),
        case("images", wide("\"x\",", 5 << 20, images, "\"y\"]}")),
        case(
            "target",
            wide("1,", 20 << 20, "{\"input\":\"q\",\"target\":[", "1]}"),
        ),
        case("deep", wide("[", 10 << 20, meta, "")),
        case("deep objects", wide("{\"a\":", 5 << 20, start, "")),
        case("bad lines", wide("x\n", 10 << 20, "", "")),
        case("bad text", |yard| {
            yard.write("suite/data.jsonl", b"\xff\n".repeat(5 << 20));
        }),
        case("blank lines", wide("\n", 100 << 20, "", "")),
    ];
    for (name, text) in [
        (
            "commas",
            format!("input,target\n{}\n", ",".repeat(50 << 20)),
        ),
        ("columns", format!("{}\n", "c,".repeat(5 << 20))),
        (
            "quote",
            format!("input,target\n\"{}\n", "\n".repeat(50 << 20)),
        ),
        (
            "ragged",
            format!("input,target\n{}", ",,\n".repeat(3 << 20)),
        ),
    ] {
        cases.push(case(name, move |yard| {
            yard.write("suite/x.csv", &text);
            yard.manifest(&task("t", "x.csv", ""));
        }));
    }
    all_are_refused(cases, 16);
}

#[test]
fn manifests_are_bounded() {
    let manifest = |text: String| move |yard: &Yard| yard.manifest(&text);
    let tasks = |count: usize, more: &str| -> String {
        let all = (0..count).map(|number| task(&format!("t{number}"), "data.jsonl", more));
        all.collect()
    };
    let in_task = |more: String| task("t", "data.jsonl", &more);
    let cases = vec![
        case(
            "deep arrays",
            manifest(format!("x = {}", "[".repeat(1 << 20))),
        ),
        case(
            "deep tables",
            manifest(format!("x = {}", "{a=".repeat(1 << 20))),
        ),
        case(
            "dotted",
            manifest(format!("a{} = 1\n", ".a".repeat(1 << 20))),
        ),
        case("bad lines", manifest("@\n".repeat(1 << 20))),
        case("same keys", manifest("a=1\n".repeat(700_000))),
        case("unknown keys", |yard| {
            let keys: String = (0..300_000)
                .map(|number| format!("k{number}=1\n"))
                .collect();
            yard.manifest(&keys);
        }),
        case("too large", manifest("#".repeat(5 << 20))),
        case("many tasks", manifest(tasks(20_000, ""))),
        case(
            "same tasks",
            manifest(task("t", "data.jsonl", "").repeat(20_000)),
        ),
        case(
            "tags",
            manifest(in_task(format!("tags = [{}]", "\"x\",".repeat(300_000)))),
        ),
        case(
            "slices",
            manifest(in_task(format!("slices = [{}]", "\"x\",".repeat(300_000)))),
        ),
        case("many globs", |yard| {
            (0..5_000).for_each(|n| yard.write(&format!("suite/f{}/a{n}.txt", n % 50), ""));
            let all = (0..1_000).map(|number| task(&format!("t{number}"), "**/*.none*", ""));
            yard.manifest(&all.collect::<String>());
        }),
    ];
    all_are_refused(cases, 12);
}

/// `count` tasks over the same data, with `keys`.
fn many_tasks(count: usize, keys: &str) -> String {
    let all = (0..count).map(|number| task(&format!("t{number}"), "data.jsonl", keys));
    all.collect()
}

/// `count` samples that differ.
fn rows(count: usize) -> String {
    let all = (0..count).map(|number| format!("{{\"input\":\"q{number}\",\"target\":\"a\"}}\n"));
    all.collect()
}

/// `count` examples with answers of `bytes` bytes.
fn examples(count: usize, bytes: usize) -> String {
    let answer = "y".repeat(bytes);
    let all =
        (0..count).map(|number| format!("{{\"input\":\"e{number}\",\"target\":\"{answer}\"}}\n"));
    all.collect()
}

#[test]
fn what_is_repeated_by_many_tasks_is_bounded() {
    let pattern = "scorers = [{ type = \"regex\", pattern = \"(\\\\w{1,100}){1,50}\" }]";
    let patterns = many_tasks(1_900, pattern).replace("scorers = [\"exact\"]\n", "");
    let cases = vec![
        case("files", |yard| {
            (0..3_000).for_each(|n| yard.write(&format!("suite/f{}/a{n}.jsonl", n % 50), ROW));
            let all = (0..1_900).map(|number| task(&format!("t{number}"), "f*/**", ""));
            yard.manifest(&all.collect::<String>());
        }),
        case("records", |yard| {
            yard.write("suite/data.jsonl", rows(5_000));
            yard.manifest(&many_tasks(1_900, ""));
        }),
        case("records by many names", |yard| {
            yard.write("suite/data.jsonl", rows(20_000));
            (0..100).for_each(|n| yard.link("data.jsonl", &format!("suite/l{n}.jsonl")));
            let all = (0..100).map(|n| task(&format!("t{n}"), &format!("l{n}.jsonl"), ""));
            yard.manifest(&all.collect::<String>());
        }),
        case("prompts", |yard| {
            yard.write(
                "suite/p.md",
                format!("{{{{ input }}}}{}", "x".repeat(15 << 20)),
            );
            yard.manifest(&many_tasks(1_900, "prompt_file = \"p.md\""));
        }),
        case("schemas", |yard| {
            let keys = (0..30_000).map(|n| format!("\"k{n}\":{{\"type\":\"string\"}}"));
            let keys = keys.collect::<Vec<_>>().join(",");
            yard.write(
                "suite/s.json",
                format!("{{\"type\":\"object\",\"properties\":{{{keys}}}}}"),
            );
            let format = "{ type = \"json_schema\", name = \"n\", schema_file = \"s.json\" }";
            yard.manifest(&many_tasks(1_900, &format!("response_format = {format}")));
        }),
        case("examples", |yard| {
            yard.write("suite/f.jsonl", examples(1_000, 3_000));
            yard.manifest(&many_tasks(300, "fewshot = \"f.jsonl\""));
        }),
        case("patterns", move |yard| yard.manifest(&patterns)),
    ];
    all_are_refused(cases, 7);
}

#[test]
fn what_goes_to_every_sample_is_bounded() {
    let cases = vec![
        case("a long prompt", |yard| {
            yard.write("suite/data.jsonl", rows(20_000));
            yard.write(
                "suite/p.md",
                format!("{{{{ input }}}}{}", "x".repeat(15 << 20)),
            );
            with_keys(yard, "prompt_file = \"p.md\"");
        }),
        case("many examples", |yard| {
            yard.write("suite/data.jsonl", rows(20_000));
            yard.write("suite/f.jsonl", examples(1_000, 3_000));
            with_keys(yard, "fewshot = \"f.jsonl\"");
        }),
        case("a large picture", |yard| {
            yard.write("suite/p.png", [PNG, &[0; 19 << 20]].concat());
            let row = "{\"input\":\"q\",\"target\":\"a\",\"images\":[\"p.png\"]}\n";
            yard.write("suite/data.jsonl", row.repeat(3_000));
        }),
        case("many fields", |yard| {
            let keys = (0..240_000).map(|n| format!("\"k{n}\":1"));
            let keys = keys.collect::<Vec<_>>().join(",");
            let row = format!("{{\"input\":\"q\",\"target\":\"a\",\"metadata\":{{{keys}}}}}\n");
            yard.write("suite/data.jsonl", row.repeat(20));
        }),
        case("references to nothing", |yard| {
            let all = (0..500).map(|n| {
                format!("{{\"id\":\"{n}\",\"input\":\"q\",\"target\":\"a\",\"rewording_of\":\"none{n}\"}}\n")
            });
            yard.write("suite/data.jsonl", all.collect::<String>());
            yard.manifest(&many_tasks(1_900, ""));
        }),
    ];
    all_are_refused(cases, 5);
}

#[test]
fn many_lines_that_pack_well_are_loaded_soon() {
    let yard = Yard::new();
    yard.gzip("suite/x.jsonl.gz", rows(400_000).as_bytes(), 1);
    yard.manifest(&task("t", "x.jsonl.gz", ""));
    let (done, seconds) = yard.work_of(&["check", "suite"]);
    assert!(done.expect(0).stdout.contains("400000 samples"));
    assert!(seconds < 6.0, "{seconds} s of work");
}

#[test]
fn thousands_of_targets_among_thousands_of_choices_are_looked_at_soon() {
    let choices: Vec<String> = (0..9_999)
        .map(|number| format!("option number {number}"))
        .collect();
    let padded: Vec<String> = choices.iter().map(|choice| format!("{choice} ")).collect();
    let places: Vec<usize> = (0..9_999).collect();
    let labelled: Vec<_> = choices
        .iter()
        .enumerate()
        .map(|(number, choice)| serde_json::json!({"text": choice, "label": format!("l{number}")}))
        .collect();
    let plain = serde_json::json!(choices);
    for (choices, target) in [
        (&plain, serde_json::json!(choices)),
        (&plain, serde_json::json!(padded)),
        (&plain, serde_json::json!(places)),
        (&serde_json::json!(labelled), serde_json::json!(choices)),
    ] {
        let yard = Yard::new();
        let row = serde_json::json!({"input": "q", "choices": choices, "target": target});
        yard.write("suite/data.jsonl", format!("{row}\n"));
        yard.manifest(&task("t", "data.jsonl", "").replace("exact", "choices"));
        let (done, seconds) = yard.work_of(&["check", "suite"]);
        done.expect(0);
        assert!(seconds < 1.0, "{seconds} s of work");
    }
}

#[test]
fn many_tasks_may_share_a_file_of_many_questions() {
    let yard = Yard::new();
    let words =
        "the printer on the third floor has not answered since monday, please look at it soon ";
    let rows = (0..8_000).map(|number| {
        format!(
            "{{\"id\":\"ticket-{number}\",\"input\":\"{number}: {}\",\"target\":\"billing\"}}\n",
            words.repeat(2)
        )
    });
    yard.write("suite/data.jsonl", rows.collect::<String>());
    let keys = "choices = [\"billing\", \"network\", \"hardware\", \"account\"]";
    yard.manifest(&many_tasks(50, keys));
    let done = yard.bed.run(&["check", "suite"]).expect(0);
    assert!(done.stdout.contains("t49"), "{}", done.stdout);
}

#[test]
fn suites_that_share_data_and_prompts_load_as_before() {
    let yard = Yard::new();
    yard.write("suite/data.jsonl", rows(10_000));
    yard.write(
        "suite/p.md",
        format!("{{{{ input }}}}{}", "x".repeat(4_000)),
    );
    yard.write("suite/f.jsonl", examples(5, 1_000));
    let keys = "prompt_file = \"p.md\"\nfewshot = \"f.jsonl\"";
    yard.manifest(&many_tasks(20, keys));
    yard.bed.run(&["check", "suite"]).expect(0);
}

#[test]
fn templates_are_bounded() {
    let many = |part: &str, times: usize| part.repeat(times);
    let namespace = "{% set ns = namespace(s=START) %}{% for i in range(60) %}{% set ns.s = ns.s OP ns.s %}{% endfor %}{{ ns.s | length }}";
    let grow = |start: &str, op: &str| namespace.replace("START", start).replace("OP", op);
    let templates = [
        (
            "range",
            "{% for i in range(1000000000) %}x{% endfor %}".to_owned(),
        ),
        (
            "loops",
            "{% for i in range(99999) %}{% for j in range(99999) %}.{% endfor %}{% endfor %}"
                .to_owned(),
        ),
        ("texts", grow("'aaaa'", "~")),
        ("lists", grow("[1]", "+")),
        ("repeat", "{{ 'x' * 4000000000 }}".to_owned()),
        ("format", "{{ '%1000000000d' | format(3) }}".to_owned()),
        ("indent", "{{ 'a' | indent(4000000000, true) }}".to_owned()),
        (
            "json",
            "{{ range(99999) | list | tojson(indent=100000000) }}".to_owned(),
        ),
        (
            "batch",
            "{{ [1] | batch(1000000000, 0) | list | length }}".to_owned(),
        ),
        (
            "macro",
            "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}".to_owned(),
        ),
        ("include", "{% include '/etc/passwd' %}".to_owned()),
        ("extends", "{% extends '../outside/x.md' %}".to_owned()),
        ("import", "{% import 'x.md' as x %}".to_owned()),
        ("sum", format!("{{{{ 1{} }}}}", many("+1", 1 << 20))),
        ("names", format!("{{{{ input{} }}}}", many(".a", 100_000))),
        (
            "filters",
            format!("{{{{ input{} }}}}", many("|trim", 100_000)),
        ),
        ("calls", format!("{{{{ input{} }}}}", many("()", 100_000))),
        ("signs", format!("{{{{ {}1 }}}}", many("-", 100_000))),
        ("nots", format!("{{{{ {}1 }}}}", many("not ", 100_000))),
        (
            "choices",
            format!("{{{{ {}1 }}}}", many("1 if 0 else ", 100_000)),
        ),
        ("parentheses", format!("{{{{ {}", many("(", 1 << 20))),
        (
            "branches",
            format!("{{% if 0 %}}{}{{% endif %}}", many("{% elif 0 %}", 100_000)),
        ),
        ("blocks", many("{% if 1 %}", 100_000)),
        ("tags", many("{{ input }}", 1 << 20)),
        ("unclosed comment", many("{#", 1 << 20)),
        ("unclosed raw", format!("{{% raw %}}{}", many("x", 1 << 20))),
        ("unclosed text", format!("{{{{ '{}", many("x", 1 << 20))),
    ];
    let mut cases: Vec<Case> = templates
        .into_iter()
        .map(|(name, template)| {
            case(name, move |yard| {
                yard.write("suite/x.md", format!("{{{{ input }}}}{template}"));
                with_keys(yard, "prompt_file = \"x.md\"");
            })
        })
        .collect();
    cases.push(case("work for every sample", |yard| {
        yard.write("suite/data.jsonl", ROW.repeat(20_000));
        let prompt = "{{ input }}{% for i in range(90000) %}{% set x = 1 %}{% endfor %}";
        with_keys(yard, &format!("prompt = \"{prompt}\""));
    }));
    all_are_refused(cases, 28);
}

#[test]
fn globs_are_bounded() {
    let glob = |pattern: &'static str| move |yard: &Yard| yard.manifest(&task("t", pattern, ""));
    let cases = vec![
        case("circles", |yard| {
            for from in 0..8 {
                for to in 0..8 {
                    yard.link(format!("../x{to}"), &format!("suite/x{from}/l{to}"));
                }
            }
            yard.manifest(&task("t", "**/*.jsonl", ""));
        }),
        case("out by a link", |yard| {
            yard.link("../outside", "suite/sub");
            yard.manifest(&task("t", "*/x.jsonl", ""));
        }),
        case("out by a deep link", |yard| {
            yard.link("/", "suite/a/b/c");
            yard.manifest(&task("t", "**/*.jsonl", ""));
        }),
        case("out by a file", |yard| {
            yard.link("../outside/x.jsonl", "suite/y.jsonl");
            yard.manifest(&task("t", "*.jsonl", ""));
        }),
        case("everything there is", glob("/**/*.jsonl")),
        case("upwards", glob("../outside/*.jsonl")),
        case("upwards behind a star", glob("*/../../outside/*.jsonl")),
        case("the kernel", glob("/proc/*/environ*")),
        case("stars", glob("**/**/**/**/**/**/*a*a*a*a*a*a*a*b.jsonl")),
        case("deep", |yard| {
            yard.write(&format!("suite/{}x.jsonl", "a/".repeat(200)), ROW);
            yard.manifest(&task("t", "**/*.jsonl", ""));
        }),
    ];
    all_are_refused(cases, 10);
}

#[test]
fn a_file_that_may_not_be_read_says_so() {
    let yard = Yard::new();
    let path = yard.path("suite/data.jsonl");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let done = yard.bed.run(&["check", "suite"]);
    // Whoever is root may read it all the same.
    assert!(matches!(done.code, 0 | 65), "{}", done.stderr);
    assert!(done.code == 0 || done.stderr.contains("permission denied"));
}

#[test]
fn what_the_user_allows_is_read_and_is_named_where_it_is_missing() {
    let yard = Yard::new();
    yard.link("../outside/x.md", "suite/far.md");
    let rows = yard.path("outside/x.jsonl");
    let keys = "prompt_file = \"far.md\"";
    yard.manifest(&task("t", rows.to_str().unwrap(), keys));
    let refused = yard.bed.run(&["check", "suite"]).expect(65);
    let outside = yard.path("outside");
    let outside = outside.canonicalize().unwrap();
    let outside = outside.to_str().unwrap();
    for wanted in [
        "suite/suite.toml:5:8: error: `",
        "is outside of the suite's folder `suite`",
        "suite/suite.toml:8:15: error: `far.md` leads out of the suite's folder `suite`, to `",
        &format!("--allow-path {outside}`"),
    ] {
        assert!(
            refused.stderr.contains(wanted),
            "{wanted}\n{}",
            refused.stderr
        );
    }
    yard.bed
        .run(&["check", "suite", "--allow-path", "outside"])
        .expect(0);
    let run = [
        "run",
        "suite",
        "-m",
        MODEL,
        "-o",
        "out",
        "--allow-path",
        "outside",
    ];
    yard.bed.run(&run);
    assert_eq!(yard.server.asked(&format!("{OUTSIDE} {OUTSIDE}")), 1);
    let manifest = crate::bed::read(&yard.bed.only_run("out"), "run.json");
    let is_public = manifest.contains("\"sensitivity\":\"public\"")
        || manifest.contains("\"sensitivity\": \"public\"");
    assert!(
        !is_public,
        "no word of a suite makes public what the user owns: {manifest}"
    );
    let elsewhere = yard.bed.run(&["check", "suite", "--allow-path", "suite"]);
    elsewhere.expect(65);
    let nowhere = yard
        .bed
        .run(&["check", "suite", "--allow-path", "none"])
        .expect(2);
    assert!(
        nowhere.stderr.contains("--allow-path"),
        "{}",
        nowhere.stderr
    );
    // What is no file stays closed, whatever is allowed.
    for name in ["/proc/self/environ", "/dev/zero"] {
        yard.manifest(&task(
            "t",
            "data.jsonl",
            &format!("prompt_file = \"{name}\""),
        ));
        let done = yard
            .bed
            .run(&["check", "suite", "--allow-path", "/"])
            .expect(65);
        assert!(!done.stderr.contains("allow-path"), "{}", done.stderr);
    }
}

#[test]
fn data_that_the_user_names_takes_the_place_of_that_of_the_suite() {
    let yard = Yard::new();
    yard.manifest(&(task("t", "none.jsonl", "") + &task("u", "data.jsonl", "")));
    yard.bed.run(&["check", "suite"]).expect(65);
    let named = format!("t={}", yard.path("outside/x.jsonl").display());
    let run = ["run", "suite", "-m", MODEL, "-o", "out", "--data", &named];
    yard.bed.run(&run);
    assert_eq!(yard.server.asked(OUTSIDE), 1);
    let manifest = crate::bed::read(&yard.bed.only_run("out"), "run.json");
    assert!(
        manifest.contains("outside/x.jsonl"),
        "the source is on record"
    );
    let unknown = yard.bed.run(&[
        "check",
        "suite",
        "--data",
        "t=suite/data.jsonl",
        "--data",
        "v=suite/data.jsonl",
    ]);
    let unknown = unknown.expect(2);
    assert!(unknown.stderr.contains("`v`"), "{}", unknown.stderr);
    yard.bed
        .run(&["check", "suite", "--data", "t=/dev/stdin"])
        .expect(65);
    yard.bed.run(&["check", "suite", "--data", "t"]).expect(2);
}

#[test]
fn a_suite_does_not_make_data_of_the_user_public() {
    let yard = Yard::new();
    // A host that is not this machine; nothing answers there, and nothing gets so far.
    let far = "http://192.0.2.7:9/v1#m";
    let named = format!("t={}", yard.path("outside/x.jsonl").display());
    let run = ["run", "suite", "-m", far, "-o", "out", "--data", &named];
    let refused = yard.bed.run(&run).expect(66);
    assert!(
        refused
            .stderr
            .contains("private and must not be sent to `192.0.2.7:9`"),
        "{}",
        refused.stderr
    );
    let check = ["check", "suite", "-m", far, "--data", &named];
    let own = yard.bed.run(&check);
    assert!(
        own.stdout.contains("1 private to 192.0.2.7:9"),
        "{}",
        own.stdout
    );
    let plain = yard.bed.run(&["check", "suite", "-m", far]).expect(0);
    assert!(
        plain.stdout.contains("1 public to 192.0.2.7:9"),
        "{}",
        plain.stdout
    );
    let allowed = [&check[..], &["--allow-private", "192.0.2.7"]].concat();
    let allowed = yard.bed.run(&allowed).expect(0);
    assert!(
        allowed.stdout.contains("would be sent"),
        "{}",
        allowed.stdout
    );
}

#[test]
fn a_gate_over_many_tasks_is_looked_at_soon() {
    let yard = Yard::new();
    let mut text = String::new();
    for number in 0..200_usize {
        let data = format!("d{number}.jsonl");
        yard.write(&format!("suite/{data}"), ROW.repeat(50 + 7 * number));
        text += &task(&format!("t{number}"), &data, "");
    }
    text += "[[gate]]\nmetric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.03\n";
    yard.manifest(&text);
    let (done, seconds) = yard.work_of(&["check", "suite"]);
    let done = done.expect(0);
    assert!(seconds < 30.0, "{seconds} s of work");
    assert!(done.stdout.contains("t199"), "{}", done.stdout);
}

#[test]
fn suites_of_today_load_as_before() {
    let yard = Yard::new();
    yard.write(
        "suite/sub/b.jsonl",
        "{\"id\":\"b\",\"input\":\"q\",\"target\":\"a\"}\n",
    );
    yard.write("suite/sub/x.png", PNG);
    yard.link("sub/b.jsonl", "suite/near.jsonl");
    yard.link("sub", "suite/twin");
    fs_err::hard_link(yard.path("outside/x.md"), yard.path("suite/hard.md")).unwrap();
    let inside = yard.path("suite/data.jsonl");
    let inside = inside.to_str().unwrap();
    for (data, keys) in [
        ("near.jsonl", ""),
        ("twin/*.jsonl", ""),
        ("**/b.jsonl", "tags = [\"x\"]"),
        ("./sub/../data.jsonl", "prompt_file = \"hard.md\""),
        (inside, ""),
    ] {
        yard.manifest(&task("t", data, keys));
        let done = yard.bed.run(&["check", "suite"]);
        // Two ways to one file are two files, as ever.
        let twice = data == "**/b.jsonl";
        done.expect(if twice { 65 } else { 0 });
    }
    yard.link("suite", "by-link");
    yard.bed.run(&["check", "by-link"]).expect(0);
    yard.link("suite/suite.toml", "alone.toml");
    // Its folder is that of the name: what lies below may be named.
    yard.bed.run(&["check", "alone.toml"]).expect(0);
    yard.write(
        "suite/suite.toml",
        HEAD.to_owned() + &task("t", "data.jsonl", ""),
    );
    yard.bed.run(&["check", "suite/suite.toml"]).expect(0);
}
