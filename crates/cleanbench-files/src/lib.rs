//! The one way into files that a suite, a run or a user names.
//!
//! A name that somebody else wrote is opened by [`Roots`]: it leads to a regular file within an allowed folder,
//! whatever links lie on the way, or it is refused. A file that the user named on the command line is opened by
//! [`open_named`]. What is read is bounded by a [`Limit`], what is unpacked by [`Unpacked`], what is UTF-16 is read through
//! [`encoding`], what is walked through by
//! a [`WalkBound`]. What is written is created anew, and never through a link.
//!
//! Invariants: what is checked is what is opened (folders are held by their descriptors, and a file is asked for its
//! kind once more when it is open); nothing but a regular file is ever opened, so that a pipe cannot block and a device
//! does nothing; nothing here takes a file apart or prints.
//!
//! Refused, each by a [`FileError`] of its own: what is outside, pipes, sockets, devices, folders, files of the kernel
//! (`/proc`, `/sys`), chains of links without end, files that are too large or grow while they are read.

pub mod encoding;
mod error;
mod kind;
mod limit;
mod opened;
mod resolve;
mod roots;
mod status;
mod unpacked;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub use error::FileError;
pub use kind::Kind;
pub use limit::Limit;
pub use opened::{Opened, Taken};
pub use roots::{Roots, open_named};
pub use unpacked::{PackedBound, Unpacked};
pub use walk::{WalkBound, Walked};
pub use write::{Mode, Replacement, create_folder, create_new, is_draft, replace};
