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
    use serde_json::json;

    use super::*;
    use crate::EmbeddedModel;
    use crate::file::ModelFile;
    use crate::world::{Layout, World, item_document};

    /// Texts and log probabilities to the last digit, taken on x86-64 in the debug profile; any machine,
    /// profile and number of threads must give the same.
    #[test]
    fn answers_are_the_same_everywhere() {
        let model = EmbeddedModel::load(shipped("leaked").unwrap()).unwrap();
        let world = World::new(7);
        let mut answers = Vec::new();
        for item in world.benchmark.iter().step_by(24) {
            let text = item_document(item, Layout::Letters).text();
            let beginning = &text[..text.len() / 2];
            let ask = |body: serde_json::Value| model.answer(body.to_string().as_bytes()).unwrap();
            answers.extend(ask(json!({"prompt": beginning, "max_tokens": 30})));
            answers.extend(ask(
                json!({"prompt": beginning, "temperature": 1.0, "top_p": 0.9, "seed": 3}),
            ));
            answers.extend(ask(
                json!({"prompt": beginning, "continuations": item.masked.rewordings}),
            ));
        }
        let digest = cleanbench_core::Digest::of_file_bytes(&answers).to_string();
        assert_eq!(
            digest,
            "cc0cd0d2f42b44a6254733bf8145b3dd9d02399a708c63a15a02b535008c74dc"
        );
    }

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
