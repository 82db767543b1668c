//! Putting the files of shards together, byte for byte.
//!
//! Segments of shards have numbers that never overlap, so they stand side by side under their own names.
//! The samples are those of the first shard: the others hold the same under other salts. `run.json` is
//! written last, so that nothing takes half a copy for a run.

use cleanbench_core::Shard;
use cleanbench_core::shard::batch_of_payload_segment;

use crate::files;
use crate::parts::{Merged, MergedShard};
use crate::payload::segment_name;
use crate::{Damage, LedgerError, Manifest, RunDirectory};

/// A shard that has ended in order, and its manifest.
pub type Ended = (RunDirectory, Manifest);

/// Copies `shards` into the empty run directory `target`. They must be of one run and in order.
///
/// # Errors
/// When a file cannot be read or written, or a manifest is not that of a shard that has ended; `target`
/// is then removed.
pub fn copy_shards(target: &RunDirectory, shards: &[Ended]) -> Result<(), LedgerError> {
    let copied = copy_all(target, shards);
    if copied.is_err() {
        // Half a copy is of no use, and takes space.
        drop(fs_err::remove_dir_all(target.path()));
    }
    copied
}

fn copy_all(target: &RunDirectory, shards: &[Ended]) -> Result<(), LedgerError> {
    let Some((first, plan)) = shards.first() else {
        return Ok(());
    };
    let merged = merged(shards)?;
    for input in plan.plan.inputs.keys() {
        // One that was removed from a shard may be in another; they are all the same.
        for (run, _) in shards {
            if run.holds(input)? {
                copy(run, target, input)?;
                break;
            }
        }
    }
    copy_segments(first, target, |_| false, Shard::is_of_samples)?;
    copy(first, target, "samples.jsonl")?;
    for (run, manifest) in shards {
        let Some(shard) = manifest.shard else {
            continue;
        };
        let journal = |segment| shard.has_segment(segment);
        let of_batch =
            |segment| batch_of_payload_segment(segment).is_some_and(|one| shard.has_batch(one));
        let payloads = |segment| shard.has_payload_segment(segment) || of_batch(segment);
        copy_segments(run, target, journal, payloads)?;
        copy_batches(run, target, shard)?;
    }
    target.sync()?;
    let mut manifest = Manifest {
        format: String::new(),
        run: plan.run.clone(),
        shard: None,
        merged: Some(merged),
        plan: plan.plan.clone(),
        end: None,
    };
    manifest.lowest_format().clone_into(&mut manifest.format);
    manifest.write(target)
}

fn merged(shards: &[Ended]) -> Result<Merged, LedgerError> {
    let mut merged = Merged {
        count: 0,
        shards: Vec::with_capacity(shards.len()),
    };
    for (_, manifest) in shards {
        let (Some(shard), Some(end)) = (manifest.shard, &manifest.end) else {
            return Err(Damage::whole("run.json", "is not that of a shard that has ended").into());
        };
        merged.count = shard.count;
        merged.shards.push(MergedShard {
            index: shard.index,
            own: manifest.plan.own(),
            plan: manifest.plan.digest().map_err(std::io::Error::from)?,
            segments: end.segments.clone(),
        });
    }
    Ok(merged)
}

fn copy_segments(
    from: &RunDirectory,
    to: &RunDirectory,
    journal: impl Fn(u32) -> bool,
    payloads: impl Fn(u32) -> bool,
) -> Result<(), LedgerError> {
    let segments = from.journal_segments()?.into_iter();
    let journal = segments.filter(|segment| journal(*segment));
    let segments = from.payload_segments()?.into_iter();
    let payloads = segments.filter(|segment| payloads(*segment));
    let names = journal.map(RunDirectory::journal_name);
    for name in names.chain(payloads.map(segment_name)) {
        copy(from, to, &name)?;
    }
    Ok(())
}

fn copy_batches(from: &RunDirectory, to: &RunDirectory, shard: Shard) -> Result<(), LedgerError> {
    let batches = from.batches()?.into_iter();
    for batch in batches.filter(|batch| shard.has_batch(*batch)) {
        let name = RunDirectory::batch_name(batch);
        copy(from, to, &name)?;
    }
    Ok(())
}

fn copy(from: &RunDirectory, to: &RunDirectory, name: &str) -> Result<(), LedgerError> {
    let mut source = from.open(name)?;
    if files::held(&source)? < source.metadata()?.len() {
        let what = "longer than what was written into it";
        return Err(Damage::whole(from.file(name).display().to_string(), what).into());
    }
    if let Some((folder, _)) = name.rsplit_once('/') {
        files::make_folders(to.path(), folder)?;
    }
    let mut target = files::create(to.path(), name)?;
    std::io::copy(&mut source, &mut target)?;
    Ok(target.sync_all()?)
}
