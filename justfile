# Shortcuts only: nothing depends on them.
default:
    @just --list
build:
    cargo build --release --locked
test:
    cargo test --release --workspace --locked
lint:
    cargo fmt --all --check && cargo clippy --release --workspace --features cleanbench-lab/train --all-targets --locked -- -D warnings
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --features cleanbench-lab/train --no-deps --locked
train-embedded *ARGUMENTS:
    cargo run --profile dist --locked -p cleanbench-lab --features train --bin train-embedded -- {{ARGUMENTS}}
live:
    bash .ci/live
bench *ARGUMENTS:
    bash .ci/bench {{ARGUMENTS}}
simulate *TABLES:
    bash .ci/simulate {{TABLES}}
ci:
    bash .ci/run
null-grid *ARGUMENTS:
    cargo run --release --locked -p cleanbench -p cleanbench-lab --bin null-grid -- {{ARGUMENTS}}
