//! Parquet files as other programs write them; made with pyarrow 26 from a few rows worded for this test.

use serde_json::json;

use crate::bed::Folder;

pub(crate) const SNAPPY: &[u8] = include_bytes!("parquet/nested_snappy.parquet");
pub(crate) const ZSTD: &[u8] = include_bytes!("parquet/nested_zstd_v2.parquet");
pub(crate) const DELTA: &[u8] = include_bytes!("parquet/nested_delta.parquet");
pub(crate) const GZIP: &[u8] = include_bytes!("parquet/plain_gzip.parquet");

#[test]
fn rows_are_read_with_all_that_is_nested_in_them() {
    for (name, bytes) in [("snappy", SNAPPY), ("zstd", ZSTD), ("delta", DELTA)] {
        let folder = Folder::new("a.parquet", bytes, "");
        let pairs = folder.pairs();
        let expected = [
            "What is two and two? -> 4",
            "Which is blue? -> the sky",
            "Which is wet? -> water",
        ];
        assert_eq!(pairs, expected, "{name}");
        let samples = folder.samples();
        assert_eq!(samples[2].choices, ["water", "é", "stone", "air"], "{name}");
        assert_eq!(samples[1].id, "b");
        let metadata: Vec<_> = samples
            .iter()
            .map(|sample| json!(sample.metadata))
            .collect();
        assert_eq!(
            metadata,
            [
                json!({"when": "2026-01-02", "points": 1.5, "count": 1, "small": 4_294_967_295_u64, "price": 1.25, "ok": true,
                    "picture": {"bytes": null, "path": "a.png"}, "tags": [["x", "y"], []], "facts": [{"k": "a", "v": 1}]}),
                json!({"count": 2, "small": 0, "ok": false, "facts": []}),
                json!({"when": "2026-03-04", "small": 1, "price": -0.05, "picture": {"bytes": null, "path": "c.png"},
                    "tags": [["z"], null], "facts": [{"k": "b", "v": null}, {"k": null, "v": 3}]}),
            ],
            "{name}"
        );
        assert!(folder.faults().is_empty(), "{:?}", folder.faults());
        let mut digest = cleanbench_core::digest::FileHasher::default();
        digest.update(bytes);
        assert_eq!(folder.suite().tasks[0].files[0].digest, digest.finish());
    }
}

#[test]
fn fields_and_faults_name_rows_and_columns() {
    let keys = "fields = { target = \"tags.0.1\", input = \"question\" }";
    let folder = Folder::new("a.parquet", SNAPPY, keys);
    let faults = folder.faults();
    let expected =
        "a.parquet:2:1: scorer `any`: the sample has no target (and 1 more like it, line 3)";
    assert!(
        faults[0].ends_with("target `y` is not among the choices `3`, `4`, `5`"),
        "{faults:#?}"
    );
    assert_eq!(faults[1], expected, "{faults:#?}");
    let gzip = Folder::new("a.parquet", GZIP, "").faults();
    assert!(
        gzip[0].starts_with("a.parquet:1:1: cannot read on: column `question` is packed with GZIP; write the file with Snappy or Zstandard, with DuckDB `COPY")
            && gzip.len() == 1,
        "{gzip:?}"
    );
    let cut = Folder::new("a.parquet", &SNAPPY[..SNAPPY.len() - 1], "").faults();
    assert_eq!(
        cut,
        ["a.parquet:1:1: cannot read the file: it is no Parquet file"]
    );
    let packed = zstd::encode_all(SNAPPY, 1).unwrap();
    let twice = Folder::new("a.parquet.zst", &packed, "").faults();
    assert_eq!(
        twice,
        ["suite.toml:4:8: `a.parquet` is packed twice: Parquet packs itself"]
    );
}

#[test]
fn decimals_times_and_small_floats_are_read_exactly() {
    let bytes = include_bytes!("parquet/types.parquet");
    let folder = Folder::new("a.parquet", bytes, "");
    let samples = folder.samples();
    let targets: Vec<_> = samples.iter().map(|sample| json!(sample.target)).collect();
    // A scorer that does not compare texts gets the numbers.
    assert_eq!(targets, [json!(100.0), json!(2.5), json!(-0.05)]);
    let metadata: Vec<_> = samples
        .iter()
        .map(|sample| json!(sample.metadata))
        .collect();
    assert_eq!(
        metadata[..2],
        [
            json!({"wide": "12345678901234567890123456789.12345678",
                "wider": "1234567890123456789012345678901234567890123456789012345678901234.5",
                "utc": "2026-01-02T03:04:05.678Z", "local": "2026-01-02T03:04:05", "nano": "1970-01-01T00:00:00.000000001",
                "time": "01:02:03", "half": 1.5}),
            json!({"wide": -1.0, "wider": 0.1, "utc": "1969-12-31T23:59:59Z", "local": "2026-01-02T00:00:00",
                "nano": "1970-01-01T00:00:01", "time": "23:59:59.005", "half": -2.0, "bytes": "abc"}),
        ]
    );
    assert_eq!(metadata[2], json!({}));
    let old = Folder::new("a.parquet", include_bytes!("parquet/int96.parquet"), "");
    assert_eq!(
        json!(old.samples()[0].metadata),
        json!({"old": "2024-10-04T00:00:01"})
    );
}

#[test]
fn what_no_calendar_has_is_refused_with_its_column() {
    let bytes = include_bytes!("parquet/beyond.parquet");
    assert_eq!(
        Folder::new("a.parquet", bytes, "").faults(),
        ["a.parquet:1:1: row 1: column `when`: it holds a moment beyond the calendar"]
    );
}
