//! Real logs of other harnesses, where they are there.

use std::path::{Path, PathBuf};

use cleanbench_import::{Imported, read, suite_files};

/// The folder of real logs.
fn logs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/eval_logs");
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/eval_logs");
    [folder, other].into_iter().find(|folder| folder.is_dir())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Where a log that states its results has samples that do not bear them out, it says so.
fn check(path: &Path, imported: &Imported) {
    assert!(!suite_files(imported).is_empty());
    assert!(!imported.sources.is_empty(), "{}", path.display());
    for task in imported.tasks.iter().filter(|_| imported.is_run()) {
        let answers = task.samples.iter().flat_map(|sample| &sample.answers);
        for answer in answers {
            let record = &answer.record;
            assert!(
                record.error.is_some() || record.text.is_some(),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn every_real_file_is_imported_or_refused_with_a_reason() {
    let Some(folder) = logs() else {
        eprintln!("skipped: there are no real logs beside the checkout");
        return;
    };
    let mut found = Vec::new();
    files(&folder, &mut found);
    let (mut runs, mut suites, mut agreeing) = (0, 0, 0);
    for path in &found {
        match read(std::slice::from_ref(path)) {
            Err(error) => {
                let name = path.file_name().unwrap().to_string_lossy();
                assert!(
                    error.message.contains(&*name)
                        || error.message.contains("promptfooconfig.yaml"),
                    "{error}"
                );
            }
            Ok(imported) => {
                check(path, &imported);
                agreeing += imported.agreeing;
                runs += usize::from(imported.is_run());
                suites += usize::from(!imported.is_run());
                let is_hollow = path.ends_with("log_tool_call_error.json");
                assert!(
                    is_hollow || imported.differences.is_empty(),
                    "{}: {:?}",
                    path.display(),
                    imported.differences
                );
            }
        }
    }
    eprintln!(
        "{} files: {runs} runs, {suites} suites, {agreeing} stated results borne out",
        found.len()
    );
    assert!(runs >= 25 && suites >= 9 && agreeing >= 25);
}

#[test]
fn folders_of_evalscope_and_helm_are_one_run_each() {
    let Some(folder) = logs() else {
        eprintln!("skipped: there are no real logs beside the checkout");
        return;
    };
    let both = [
        folder.join("evalscope/qwen-plus"),
        folder.join("evalscope/qwen3-max"),
    ];
    let imported = read(&both).unwrap();
    assert_eq!((imported.models.len(), imported.tasks.len()), (2, 2));
    assert!(
        imported.differences.is_empty(),
        "{:?}",
        imported.differences
    );
    let imported = read(&[folder.join("helm")]).unwrap();
    assert_eq!((imported.models.len(), imported.tasks.len()), (2, 3));
    assert!(
        imported.differences.is_empty(),
        "{:?}",
        imported.differences
    );
}
