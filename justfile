# Shortcuts only: nothing depends on them.
default:
    @just --list
build:
    cargo build --release --locked
test:
    cargo test --workspace --locked
lint:
    cargo fmt --all --check && cargo clippy --workspace --all-targets --locked -- -D warnings
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
train-embedded *ARGUMENTS:
    cargo run --release --locked -p cleanbench-lab --features train --bin train-embedded -- {{ARGUMENTS}}
live:
    bash .ci/live
bench *ARGUMENTS:
    bash .ci/bench {{ARGUMENTS}}
simulate *TABLES:
    bash .ci/simulate {{TABLES}}
ci:
    bash .ci/run
