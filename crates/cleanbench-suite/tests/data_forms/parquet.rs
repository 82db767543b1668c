//! Parquet files as other programs write them; made with pyarrow 26 from a few rows worded for this test.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FixedLenByteArrayType};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;

use crate::bed::Folder;

pub(crate) const SNAPPY: &[u8] = include_bytes!("parquet/nested_snappy.parquet");
pub(crate) const ZSTD: &[u8] = include_bytes!("parquet/nested_zstd_v2.parquet");
pub(crate) const DELTA: &[u8] = include_bytes!("parquet/nested_delta.parquet");
pub(crate) const GZIP: &[u8] = include_bytes!("parquet/plain_gzip.parquet");

/// What is said of the rows of each of them.
const LOST: [&str; 2] = [
    "a.parquet:1:1: column `points`: 1 number that is NaN or infinite read as null, first in row 2",
    "a.parquet:1:1: column `picture.bytes`: 1 value of bytes that are no text read as null, first in row 1",
];

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
        assert_eq!(folder.faults(), LOST, "{name}");
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
    assert_eq!(faults[..2], LOST);
    assert!(
        faults[2].ends_with("target `y` is not among the choices `3`, `4`, `5`"),
        "{faults:#?}"
    );
    assert_eq!(faults[3], expected, "{faults:#?}");
    // The same file, if it said that one of its columns is packed with LZ4.
    let lz4 = said_to_be_packed_with(0x0a);
    let lz4 = Folder::new("a.parquet", &lz4, "").faults();
    assert!(
        lz4[0].starts_with("a.parquet:1:1: cannot read on: column `question` is packed with LZ4; write the file with Snappy, Zstandard or gzip, with DuckDB `COPY")
            && lz4.len() == 1,
        "{lz4:?}"
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

/// [`GZIP`], with another number for how its column `question` is packed.
fn said_to_be_packed_with(codec: u8) -> Vec<u8> {
    let named = b"\x08question\x15\x04";
    let at = GZIP.windows(named.len()).rposition(|part| part == named);
    let at = at.unwrap() + named.len() - 1;
    let mut bytes = GZIP.to_vec();
    bytes[at] = codec;
    bytes
}

/// A file of four rows with a column of every kind that can hold what no sample can, in pages of `version`.
fn lossy(version: WriterVersion) -> Vec<u8> {
    let schema = "message m { required binary input (UTF8); required binary target (UTF8);
        required double points; optional binary picture; required fixed_len_byte_array(2) mark; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_writer_version(version)
        .set_compression(Compression::SNAPPY);
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let texts = |texts: [&str; 4]| texts.map(ByteArray::from);
    for values in [texts(["a", "b", "c", "d"]), texts(["1", "2", "3", "4"])] {
        let mut column = rows.next_column().unwrap().unwrap();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = rows.next_column().unwrap().unwrap();
    let points = [0.5, f64::NAN, f64::INFINITY, 2.0];
    let typed = column.typed::<DoubleType>();
    typed.write_batch(&points, None, None).unwrap();
    column.close().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    let pictures = [ByteArray::from("text"), ByteArray::from(vec![0xff, 0xd8])];
    let typed = column.typed::<ByteArrayType>();
    typed
        .write_batch(&pictures, Some(&[1, 0, 1, 0]), None)
        .unwrap();
    column.close().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    let marks = ["ab", "cd", "ef", "gh"].map(|mark| ByteArray::from(mark).into());
    let typed = column.typed::<FixedLenByteArrayType>();
    typed.write_batch(&marks, None, None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn what_has_no_place_in_a_sample_is_counted_by_column() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let folder = Folder::new("a.parquet", &lossy(version), "");
        let metadata: Vec<_> = folder
            .samples()
            .iter()
            .map(|sample| json!(sample.metadata))
            .collect();
        assert_eq!(metadata[0], json!({"points": 0.5, "picture": "text"}));
        assert_eq!(metadata[1], json!({}));
        assert_eq!(
            folder.faults(),
            [
                "a.parquet:1:1: column `points`: 2 numbers that are NaN or infinite read as null, first in row 2",
                "a.parquet:1:1: column `picture`: 1 value of bytes that are no text read as null, first in row 3",
                "a.parquet:1:1: column `mark`: 4 values of bytes that are no text read as null, first in row 1",
            ]
        );
    }
}

#[test]
fn pages_packed_with_gzip_are_read() {
    let folder = Folder::new("a.parquet", GZIP, "");
    assert!(folder.faults().is_empty(), "{:?}", folder.faults());
    assert!(!folder.pairs().is_empty());
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
