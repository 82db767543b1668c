//! The models that the product brings with it. `cleanbench-embedded/weights/` holds them; the folder
//! `tasks/quickstart` holds the benchmark of their world.

/// Names of the shipped models.
pub const SHIPPED: [&str; 3] = ["clean", "leaked", "reworded"];

/// The file of the shipped model called `name`.
pub fn shipped(name: &str) -> Option<&'static [u8]> {
    match name {
        "clean" => Some(include_bytes!("../weights/clean.cbmodel")),
        "leaked" => Some(include_bytes!("../weights/leaked.cbmodel")),
        "reworded" => Some(include_bytes!("../weights/reworded.cbmodel")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::ModelFile;

    #[test]
    fn every_shipped_model_is_whole_and_small() {
        for name in SHIPPED {
            let bytes = shipped(name).unwrap();
            assert!(bytes.len() <= 2_000_000, "{name}: {} bytes", bytes.len());
            assert_eq!(ModelFile::read(bytes).unwrap().header().name, name);
        }
        assert_eq!(shipped("other"), None);
    }
}
