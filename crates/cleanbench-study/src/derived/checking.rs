//! Is everything in a result's folder true, and its files drawn again.

use std::collections::BTreeSet;
use std::path::Path;

use cleanbench_core::Digest;
use cleanbench_ledger::{Damage, LedgerError};

use super::{DeriveError, Derived, DerivedManifest, Input, MANIFEST_FILE, compute};
use cleanbench_items::{ItemTable, ItemsError};
use cleanbench_ledger::files::{self, LONGEST_WHOLE};
use cleanbench_report::ReportError;
use cleanbench_report::verify::{Verification, check_folder};

/// Checks every byte in `folder`: the manifest against its own digest, the inputs against theirs, and
/// every other file against what is computed anew from the inputs.
///
/// # Errors
/// When the folder cannot be read at all; damage is not an error but a finding.
pub fn verify(folder: &Path) -> Result<Verification, ReportError> {
    let mut found = Verification::default();
    let checked = check(folder, &mut found);
    found.absorb(checked)?;
    found.notes.push(
        "that the inputs follow from recorded replies is checked by verifying their runs"
            .to_owned(),
    );
    Ok(found)
}

fn check(folder: &Path, found: &mut Verification) -> Result<(), ReportError> {
    let manifest = DerivedManifest::read(folder)?;
    check_manifest(folder, &manifest, found)?;
    found.head = Some(files::digest(folder, MANIFEST_FILE)?);
    check_inputs(folder, &manifest, found)?;
    check_present(folder, &manifest, found)?;
    if found.passed() {
        check_files(folder, &manifest, found)?;
    }
    Ok(())
}

fn check_manifest(
    folder: &Path,
    manifest: &DerivedManifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let bytes = files::read(folder, MANIFEST_FILE, LONGEST_WHOLE)?;
    let json = std::io::Error::from;
    let expected = manifest.to_bytes().map_err(json)?;
    if bytes != expected {
        let what = "not in the form in which it was written";
        found.damage(Damage::whole(MANIFEST_FILE, what));
    } else if manifest.format != manifest.lowest_format() {
        let what = format!("it names the format {}", manifest.format);
        found.damage(Damage::whole(MANIFEST_FILE, what));
    } else if manifest.own_digest().map_err(json)? != manifest.digest {
        found.damage(Damage::whole(MANIFEST_FILE, "it was changed"));
    }
    Ok(())
}

pub(super) fn check_inputs(
    folder: &Path,
    manifest: &DerivedManifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    for (name, digest) in manifest.inputs.iter().flat_map(Input::files) {
        check_file(folder, &name, &digest, found)?;
    }
    Ok(())
}

/// Nothing stands in the folder under a name that the program gives to files of its own, but what the manifest names.
fn check_present(
    folder: &Path,
    manifest: &DerivedManifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let inputs = manifest.inputs.iter().flat_map(Input::files);
    let mut expected: BTreeSet<String> = inputs.map(|(name, _)| name).collect();
    expected.extend(manifest.files.keys().cloned());
    expected.insert(MANIFEST_FILE.to_owned());
    check_folder(folder, &expected, &["inputs"], found)
}

fn check_file(
    folder: &Path,
    name: &str,
    digest: &Digest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let read = files::digest(folder, name).map_err(ReportError::from);
    if found.absorb(read)?.is_some_and(|read| read != *digest) {
        found.damage(Damage::whole(name, "the file was changed"));
    }
    Ok(())
}

/// What is computed anew must be what the files hold, and what the manifest says of them.
fn check_files(
    folder: &Path,
    manifest: &DerivedManifest,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let derived = match recompute(folder, manifest) {
        Ok(derived) => derived,
        Err(DeriveError::Ledger(error) | DeriveError::Items(ItemsError::Ledger(error))) => {
            return absorb(error.into(), found);
        }
        Err(DeriveError::Report(error)) => return absorb(error, found),
        Err(error) => {
            found.damage(Damage::whole("inputs", error.to_string()));
            return Ok(());
        }
    };
    let mut names: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    names.extend(
        derived
            .files
            .keys()
            .filter(|name| !manifest.files.contains_key(**name)),
    );
    for name in names {
        let expected = derived.files.get(name);
        let longest = expected.map_or(0, Vec::len) as u64;
        let held = match files::read(folder, name, longest) {
            Ok(held) => Some(held),
            Err(LedgerError::Damaged(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if held.is_none() || held.as_ref() != expected {
            found.damage(Damage::whole(name, "not what its inputs give"));
        } else if expected.map(|bytes| Digest::of_file_bytes(bytes))
            != manifest.files.get(name).copied()
        {
            found.damage(Damage::whole(
                MANIFEST_FILE,
                format!("the digest of {name} is another"),
            ));
        }
    }
    Ok(())
}

fn absorb(error: ReportError, found: &mut Verification) -> Result<(), ReportError> {
    found.absorb::<()>(Err(error)).map(|_| ())
}

/// Computes the result in `folder` anew from its inputs.
fn recompute(folder: &Path, manifest: &DerivedManifest) -> Result<Derived, DeriveError> {
    let runs = manifest.inputs.iter().filter_map(Input::run);
    let tables = runs.map(|input| {
        let files = folder.join("inputs").join(&input.role);
        let mut table = ItemTable::of_files(&files)?;
        if manifest.what.tells_spending() {
            table.read_calls(&files)?;
        }
        if table.manifest.run != input.run {
            let what = format!("the input `{}` is of another run", input.role);
            return Err(DeriveError::from(LedgerError::from(Damage::whole(
                MANIFEST_FILE,
                what,
            ))));
        }
        Ok(table)
    });
    compute(&manifest.what, &tables.collect::<Result<Vec<_>, _>>()?)
}

/// Draws the files in `folder` again from its inputs; they get the bytes that they had.
///
/// # Errors
/// When an input is damaged, or the folder cannot be written.
pub fn redraw(folder: &Path) -> Result<Derived, DeriveError> {
    let derived = read(folder)?;
    for (name, bytes) in &derived.files {
        files::replace(folder, name, bytes)?;
    }
    Ok(derived)
}

/// Computes the result in `folder` anew from its inputs, and writes nothing.
///
/// # Errors
/// When an input is damaged.
pub fn read(folder: &Path) -> Result<Derived, DeriveError> {
    let manifest = DerivedManifest::read(folder)?;
    let mut found = Verification::default();
    check_inputs(folder, &manifest, &mut found)?;
    if let Some(damage) = found.damages.into_iter().next() {
        return Err(LedgerError::from(damage).into());
    }
    recompute(folder, &manifest)
}
