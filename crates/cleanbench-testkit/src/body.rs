//! Response bodies: whole, paced, or broken off.
//!
//! Invariant: a request counts as in flight until its body is dropped, that is until hyper has taken
//! the last byte or the connection is gone.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::counts::InFlight;

/// A body of one or many pieces.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    source: Source,
    in_flight: Option<InFlight>,
}

#[derive(Debug)]
enum Source {
    Whole(Bytes),
    Paced(Box<Paced>),
}

/// Pieces sent one by one.
#[derive(Debug)]
pub(crate) struct Paced {
    /// What is sent.
    pub(crate) pieces: VecDeque<Bytes>,
    /// Time between two pieces.
    pub(crate) pause: Duration,
    /// What comes after the last piece.
    ending: Ending,
    timer: Option<Pin<Box<Sleep>>>,
    started: bool,
}

/// What comes after the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// An orderly end.
    Orderly,
    /// The connection breaks off.
    BreaksOff,
    /// Nothing, for as long as the client waits.
    Silence,
}

/// Before breaking off, hyper gets this long to flush what it has; a broken connection that lost the
/// first half would look like one that never answered.
const FLUSH: Duration = Duration::from_millis(5);

impl Paced {
    /// Pieces with `pause` between them and an orderly end.
    pub(crate) fn new(pieces: impl IntoIterator<Item = Bytes>, pause: Duration) -> Self {
        Self {
            pieces: pieces
                .into_iter()
                .filter(|piece| !piece.is_empty())
                .collect(),
            pause,
            ending: Ending::Orderly,
            timer: None,
            started: false,
        }
    }

    /// The same pieces, after which the connection breaks off.
    pub(crate) fn breaking_off(self) -> Self {
        Self {
            ending: Ending::BreaksOff,
            ..self
        }
    }

    /// The same pieces, after which nothing comes any more.
    pub(crate) fn falling_silent(self) -> Self {
        Self {
            ending: Ending::Silence,
            ..self
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        ready!(self.poll_pause(cx));
        if let Some(piece) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(piece)));
        }
        match self.ending {
            Ending::Orderly => Poll::Ready(None),
            Ending::BreaksOff => {
                let broken = io::Error::other("the script breaks this response off");
                Poll::Ready(Some(Err(broken)))
            }
            // Nobody wakes it; the connection ends when the client leaves.
            Ending::Silence => Poll::Pending,
        }
    }

    /// Waits between pieces; there is no pause before the first one, nor before an orderly end.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let pause = match (self.pieces.is_empty(), self.ending == Ending::BreaksOff) {
            (true, true) => self.pause.max(FLUSH),
            (false, _) if self.started => self.pause,
            _ => Duration::ZERO,
        };
        if !pause.is_zero() {
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            ready!(timer.as_mut().poll(cx));
            self.timer = None;
        }
        self.started = true;
        Poll::Ready(())
    }
}

impl ReplyBody {
    /// A body that is sent at once, with its length declared.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        let source = Source::Whole(bytes.into());
        Self {
            source,
            in_flight: None,
        }
    }

    /// A body that is sent piece by piece, its length not declared.
    pub(crate) fn paced(paced: Paced) -> Self {
        let source = Source::Paced(Box::new(paced));
        Self {
            source,
            in_flight: None,
        }
    }

    /// Ties the count of requests in flight to the life of this body.
    pub(crate) fn counting(self, in_flight: InFlight) -> Self {
        Self {
            in_flight: Some(in_flight),
            ..self
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match &mut self.source {
            Source::Whole(bytes) if bytes.is_empty() => None,
            Source::Whole(bytes) => Some(Ok(std::mem::take(bytes))),
            Source::Paced(paced) => ready!(paced.poll_piece(cx)),
        };
        if piece.is_none() {
            self.in_flight = None;
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.source, Source::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Paced(_) => SizeHint::default(),
        }
    }
}
