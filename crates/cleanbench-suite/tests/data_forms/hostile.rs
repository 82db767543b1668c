//! Files of strangers, damaged and made to harm: no panic, no memory without end, and an end to it.
//!
//! A test runs about two seconds; `CLEANBENCH_FUZZ` says another number of inputs. An input that panics is kept in the
//! folder for temporary files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::bed::Folder;
use crate::parquet::{DELTA, GZIP, SNAPPY, ZSTD};

/// How long a test runs unless a number of inputs is given.
const TIME: Duration = Duration::from_secs(2);

/// Numbers that follow from a seed (`SplitMix64`; Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap()
    }
}

/// One of `seeds` with some of its bytes changed, left out or doubled.
fn changed(random: &mut Random, seeds: &[&[u8]], pieces: &[&[u8]]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let part = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, part));
            }
            2 => {
                let piece = pieces[random.below(pieces.len())];
                drop(bytes.splice(at..end, piece.iter().copied()));
            }
            _ if !bytes.is_empty() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {}
        }
    }
    bytes
}

/// Loads changed `seeds` as a file called `name`.
fn fuzz(name: &str, seeds: &[&[u8]], pieces: &[&[u8]]) {
    let count = std::env::var("CLEANBENCH_FUZZ")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let seed = std::env::var("CLEANBENCH_FUZZ_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(u64::try_from(seed.as_micros()).unwrap());
    println!("{name}: CLEANBENCH_FUZZ_SEED={seed}");
    let mut random = Random(seed);
    let folder = Folder::new(name, b"", "");
    let begun = Instant::now();
    let mut done = 0_u64;
    while count.map_or(begun.elapsed() < TIME, |count| done < count) {
        let bytes = changed(&mut random, seeds, pieces);
        folder.write(name, &bytes);
        let started = Instant::now();
        let found = catch_unwind(AssertUnwindSafe(|| {
            let loaded = folder.load();
            if let Some(suite) = loaded.suite {
                assert!(
                    suite.tasks[0].samples().all(|sample| sample.is_ok()),
                    "streams otherwise"
                );
            } else {
                assert!(!loaded.diagnostics.is_empty());
            }
        }));
        let took = started.elapsed();
        if found.is_err() || took > Duration::from_secs(20) {
            let kept = std::env::temp_dir().join(format!("cleanbench-fuzz-{seed}-{name}"));
            fs_err::write(&kept, &bytes).unwrap();
            panic!("{} took {took:?}", kept.display());
        }
        done += 1;
    }
    println!("{name}: {done} inputs");
}

#[test]
fn fuzzed_parquet() {
    let pieces: [&[u8]; 6] = [
        b"PAR1",
        &[0xff; 5],
        &[0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f],
        &[0; 4],
        &[0x19, 0xfc],
        &[0x1c; 8],
    ];
    fuzz("a.parquet", &[SNAPPY, ZSTD, DELTA, GZIP], &pieces);
}

const PIECES: [&[u8]; 16] = [
    b"[",
    b"]",
    b"{",
    b"}",
    b"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\t",
    b"\\",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"sep=|\n",
    b"\xd8",
];

#[test]
fn fuzzed_documents() {
    let seeds: [&[u8]; 4] = [
        b"[{\"input\": \"q\", \"target\": 1}, {\"id\": \"x\", \"choices\": [\"a\", \"b\"], \"input\": \"\xc3\xa9\", \"target\": 0}]",
        b"{\"data\": [{\"question\": \"q\", \"answer\": \"b\", \"choices\": {\"text\": [\"x\", \"y\"], \"label\": [\"a\", \"b\"]}}], \"n\": 1}",
        b"{\"input\": \"q\", \"target\": 1}\n{\"input\": \"r\", \"A\": \"x\", \"B\": \"y\", \"target\": 2}\n",
        b"[[[{\"a\": [\"]\"]}]], 1, \"x\\\"\", null]",
    ];
    fuzz("a.json", &seeds, &PIECES);
}

#[test]
fn fuzzed_tables() {
    let utf16: Vec<u8> = "\u{feff}question\tanswer\r\na\tb\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let seeds: [&[u8]; 4] = [
        b"question;expected_answer;category\r\n\"a;\"\"b\"\"\";1,5;x\r\n\"two\nlines\";2;y\r\n",
        b"id,input,A,B,target\n1,q,x,y,B\n2,r,x,y,0\n",
        b"sep=|\ninput|target\ra|b\rc|d\r",
        &utf16,
    ];
    fuzz("a.csv", &seeds, &PIECES);
}

#[test]
fn deep_documents_and_long_values_end() {
    let deep = format!("[{}1{}]", "[".repeat(3_000_000), "]".repeat(3_000_000));
    let faults = Folder::new("a.json", deep.as_bytes(), "").faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let nested = format!(
        "[{{\"input\": \"q\", \"target\": 1, \"m\": {}1{}}}]",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let faults = Folder::new("a.json", nested.as_bytes(), "").faults();
    assert!(faults[0].contains("recursion limit"), "{faults:?}");
    let long = format!("[\"{}", "x".repeat(65 << 20));
    let faults = Folder::new("a.json", long.as_bytes(), "").faults();
    assert!(
        faults[0].ends_with("a record is longer than 64 MiB"),
        "{faults:?}"
    );
    let wide = format!(
        "[{{\"input\": \"q\", \"target\": 1, \"m\": [{}1]}}]",
        "1,".repeat(600_000)
    );
    let faults = Folder::new("a.json", wide.as_bytes(), "").faults();
    assert!(
        faults[0].contains("a record of more than 500000 values"),
        "{faults:?}"
    );
}

#[test]
fn a_small_parquet_file_does_not_become_a_large_one() {
    for (bytes, message) in [
        (
            &include_bytes!("parquet/text_200_times.parquet")[..],
            "row 1: column `m`: it is longer than 64 MiB",
        ),
        (
            include_bytes!("parquet/list_of_3_million.parquet"),
            "cannot read on: a page of 3000000 values",
        ),
        (
            include_bytes!("parquet/rows_without_end.parquet"),
            "bytes hold 400000 rows, which no real data does",
        ),
    ] {
        let faults = Folder::new("a.parquet", bytes, "").faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].starts_with("a.parquet:1:1: ") && faults[0].ends_with(message),
            "{faults:?}"
        );
    }
}

/// A text of up to 12 characters, those among them that a format has a use for.
fn text(random: &mut Random) -> String {
    const CHARACTERS: [char; 16] = [
        'a', 'b', 'é', '𝔘', ' ', '"', '\'', ',', ';', '\t', '|', '\n', '\\', '[', '{', '=',
    ];
    let mut text: String = (0..random.below(12))
        .map(|_| CHARACTERS[random.below(16)])
        .collect();
    // A field that is blank is a fault, and one at the end of a line loses its white space nowhere.
    text.insert(0, 'x');
    text
}

#[test]
fn what_was_written_is_read_back_in_every_format() {
    let mut random = Random(7);
    for round in 0..60 {
        let rows: Vec<[String; 3]> = (0..=random.below(5))
            .map(|_| [0; 3].map(|_| text(&mut random)))
            .collect();
        let expected: Vec<_> = rows
            .iter()
            .map(|[input, target, more]| (input.clone(), target.clone(), more.clone()))
            .collect();
        let objects = rows.iter().map(|[input, target, more]| serde_json::json!({"input": input, "target": target, "more": more}));
        let objects: Vec<_> = objects.collect();
        let mut files = vec![
            ("a.json", serde_json::to_vec(&objects).unwrap()),
            ("a.json", serde_json::to_vec_pretty(&objects).unwrap()),
            (
                "a.json",
                serde_json::to_vec(&serde_json::json!({"rows": objects, "n": 1})).unwrap(),
            ),
            (
                "a.jsonl",
                objects
                    .iter()
                    .map(|object| format!("{object}\n"))
                    .collect::<String>()
                    .into_bytes(),
            ),
        ];
        for (separator, end) in [(b',', "\n"), (b';', "\r\n"), (b'\t', "\n"), (b'|', "\r\n")] {
            let end = if end == "\n" {
                csv::Terminator::Any(b'\n')
            } else {
                csv::Terminator::CRLF
            };
            let mut table = csv::WriterBuilder::new();
            let mut table = table
                .delimiter(separator)
                .terminator(end)
                .from_writer(Vec::new());
            table.write_record(["input", "target", "more"]).unwrap();
            for row in &rows {
                table.write_record(row).unwrap();
            }
            files.push(("a.csv", table.into_inner().unwrap()));
        }
        for (name, bytes) in files {
            let folder = Folder::new(name, &bytes, "prompt = \"{{ input }}\"");
            let samples = folder.samples().into_iter().map(|sample| {
                let cleanbench_core::sample::SampleInput::Input(input) = sample.input else {
                    panic!("a conversation");
                };
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                (
                    input,
                    text(&sample.target.unwrap()),
                    text(&sample.metadata["more"]),
                )
            });
            let found: Vec<_> = samples.collect();
            assert_eq!(
                found,
                expected,
                "round {round}, {name}: {}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}
