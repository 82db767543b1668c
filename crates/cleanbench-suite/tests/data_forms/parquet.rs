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
    assert_eq!(
        gzip,
        [
            "a.parquet:1:1: cannot read on: column `question` is packed with GZIP; write the file with Snappy or Zstandard"
        ]
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
