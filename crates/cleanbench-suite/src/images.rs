//! Pictures of samples: from a path in the data to the bytes that are sent.
//!
//! Invariants: only files within the suite's folder are read; a picture's bytes are held from the
//! rendering of its sample to the sample's end, and no longer; what a file is is told by its first
//! bytes, not by its name.
//!
//! Refused: addresses (whoever fetched one would be a host that nobody named), paths and symbolic links
//! that leave the folder and what the user allowed, files that are no PNG, JPEG, GIF or WebP, and files of more than 20 MiB.

use std::path::{Component, Path};

use cleanbench_core::digest::FileHasher;
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Digest, Image, Message, Role, Sample, SampleImage};
use cleanbench_files::{FileError, Limit};

use crate::diagnostic::Fault;
use crate::folder::{PathFault, SuiteFolder};
use crate::words::shown;

/// Most bytes of one picture.
const LIMIT: Limit = Limit::mebibytes(20);
/// Most bytes of all pictures of one sample: they are in memory at once.
const MOST_IN_ALL: u64 = 64 << 20;

/// A picture as the data names it.
#[derive(Debug, Clone)]
pub(crate) struct ImageRef {
    pub(crate) written: String,
    pub(crate) at: usize,
    /// Position of the message that carries it, as in [`SampleImage`].
    pub(crate) message: Option<u32>,
}

/// A picture that was read.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) image: SampleImage,
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl Picture {
    fn encode(&self) -> Image {
        Image {
            media_type: self.media_type.to_owned(),
            data: base64(&self.bytes),
        }
    }
}

/// The pictures of the samples of one data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageSet {
    /// How many.
    pub count: u64,
    /// Sum of their lengths in bytes.
    pub bytes: u64,
    /// SHA-256 over the SHA-256 of each, in the order of samples; `None` where there are none.
    pub digest: Option<Digest>,
}

/// Adds up an [`ImageSet`].
#[derive(Default)]
pub(crate) struct ImageSum {
    count: u64,
    bytes: u64,
    hasher: FileHasher,
}

impl ImageSum {
    pub(crate) fn add(&mut self, sample: &Sample) {
        for image in &sample.images {
            self.count += 1;
            self.bytes += image.bytes;
            self.hasher.update(&image.digest.0);
        }
    }

    pub(crate) fn set(&self) -> ImageSet {
        ImageSet {
            count: self.count,
            bytes: self.bytes,
            digest: (self.count > 0).then(|| self.hasher.clone().finish()),
        }
    }
}

/// Reads the pictures that a sample names; faults are pushed.
pub(crate) fn read_all<'a>(
    folder: &SuiteFolder,
    wanted: impl Iterator<Item = &'a ImageRef>,
    faults: &mut Vec<Fault>,
) -> Vec<Picture> {
    let mut pictures = Vec::new();
    let mut total = 0;
    for one in wanted {
        match read(folder, one) {
            Ok(picture) => {
                total += picture.image.bytes;
                if total > MOST_IN_ALL {
                    let message = format!(
                        "a sample with more than {} MiB of images",
                        MOST_IN_ALL >> 20
                    );
                    faults.push(Fault::new(one.at, message).hint("make them smaller, or fewer"));
                    break;
                }
                pictures.push(picture);
            }
            Err(fault) => faults.push(fault),
        }
    }
    pictures
}

/// Reads the picture that `wanted` names.
///
/// # Errors
/// A fault at the place of `wanted`.
pub(crate) fn read(folder: &SuiteFolder, wanted: &ImageRef) -> Result<Picture, Fault> {
    check_written(wanted)?;
    let path = folder.dir().join(&wanted.written);
    let bytes = folder.read(&path, LIMIT);
    let bytes = bytes.map_err(|error| unreadable(&error, wanted, folder))?;
    let length = bytes.len() as u64;
    let Some(media_type) = media_type(&bytes) else {
        let message = format!("{} is no image that can be sent", shown(&wanted.written));
        return Err(Fault::new(wanted.at, message)
            .hint("an image is a PNG, JPEG, GIF or WebP file, whatever its name"));
    };
    let mut hasher = FileHasher::default();
    hasher.update(&bytes);
    Ok(Picture {
        image: SampleImage {
            file: wanted.written.clone(),
            message: wanted.message,
            bytes: length,
            digest: hasher.finish(),
        },
        media_type,
        bytes,
    })
}

/// Refuses what is no path within the suite's folder, as it is written.
fn check_written(wanted: &ImageRef) -> Result<(), Fault> {
    let written = wanted.written.as_str();
    if is_address(written) {
        return address(wanted.at, written);
    }
    let inside = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    if Path::new(written).components().all(inside) {
        return Ok(());
    }
    let message = format!("the image {} is not in the suite's folder", shown(written));
    Err(Fault::new(wanted.at, message).hint("write a path relative to that folder, without `..`"))
}

/// The fault of an image that cannot be opened.
fn unreadable(error: &FileError, wanted: &ImageRef, folder: &SuiteFolder) -> Fault {
    let written = shown(&wanted.written);
    let known = PathFault::of(error, &wanted.written, folder.dir());
    let message = match error {
        FileError::Missing { .. } => format!("there is no image {written}"),
        FileError::Outside { .. } => {
            format!("the image {written} is a link out of the suite's folder")
        }
        FileError::TooLarge { .. } => format!("the image {}", known.message),
        _ => known.message,
    };
    Fault::new(wanted.at, message).maybe_hint(known.hint)
}

fn is_address(written: &str) -> bool {
    let start = written.get(..5).unwrap_or_default();
    start.eq_ignore_ascii_case("data:") || written.contains("://") || written.starts_with("//")
}

/// The fault of an image that is given by its address.
pub(crate) fn address<T>(at: usize, written: &str) -> Result<T, Fault> {
    let message = format!(
        "{} is an address; only files of the suite are sent",
        shown(written)
    );
    let hint = "put the image into the suite's folder and write `{\"type\": \"image\", \"file\": \"x.png\"}`, or its path under `images`";
    Err(Fault::new(at, message).hint(hint))
}

/// What a file is, by its first bytes.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// Puts the pictures of `sample` into its `messages`, of a task with `turns` messages.
pub(crate) fn attach(
    messages: &mut [Message],
    sample: &Sample,
    turns: usize,
    pictures: &[Picture],
) {
    let own = match &sample.input {
        SampleInput::Messages(own) => own.len(),
        SampleInput::Input(_) => turns,
    };
    let first_own = messages.len() - own;
    let question = messages
        .iter()
        .rposition(|message| message.role == Role::User);
    for picture in pictures {
        let own = picture.image.message;
        let place = own
            .map(|position| first_own + position as usize)
            .or(question);
        if let Some(message) = place.and_then(|place| messages.get_mut(place)) {
            message.images.push(picture.encode());
        }
    }
}

/// Base 64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            let is_padding = digit > group.len();
            out.push(if is_padding {
                '='
            } else {
                char::from(DIGITS[index as usize])
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_gives_the_vectors_of_rfc_4648() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn addresses_are_told_from_paths() {
        for (written, expected) in [
            ("https://x.org/a.png", true),
            ("HTTP://x/a.png", true),
            ("DATA:image/png;base64,AA", true),
            ("//x.org/a.png", true),
            ("file:///etc/passwd", true),
            ("a/b.png", false),
            ("data.png", false),
            ("é", false),
        ] {
            assert_eq!(is_address(written), expected, "{written}");
        }
    }
}
