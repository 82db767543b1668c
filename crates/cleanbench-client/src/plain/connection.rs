//! One connection, and what has come over it but was not taken yet.

use std::io;

use tokio::io::{AsyncReadExt as _, Interest};
use tokio::net::TcpStream;

use super::frame;
use crate::failure::Failure;

/// Room for what is read at once, in bytes: a short answer with its head.
const ROOM: usize = 4 << 10;
/// The same once an answer has turned out to be longer.
const MORE_ROOM: usize = 64 << 10;

/// How much of a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentPart {
    /// Not a byte: the connection was closed.
    Nothing,
    /// Not all of it, because the server closed the connection or answered before the end.
    Part,
    /// All of it.
    All,
}

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were taken.
    taken: usize,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            taken: 0,
        }
    }

    /// What has come and was not taken.
    pub(super) fn received(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Takes the first `count` bytes away.
    pub(super) fn consume(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        }
    }

    /// Waits for more bytes; `false` when the server has closed the connection in order.
    pub(super) async fn receive(&mut self) -> Result<bool, Failure> {
        self.make_room();
        let read = self.stream.read_buf(&mut self.buffer).await;
        read.map(|count| count > 0).map_err(|_| Failure::Broken)
    }

    fn make_room(&mut self) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let room = if self.buffer.capacity() > ROOM || self.buffer.len() == ROOM {
            MORE_ROOM
        } else {
            ROOM
        };
        if self.buffer.capacity() - self.buffer.len() < room / 2 {
            self.buffer.reserve(room);
        }
    }

    /// Sends `request` as far as the server takes it. One that answers before it has read everything
    /// gets no more: most often it refuses, and waits for nothing (RFC 9112, section 9.3).
    pub(super) async fn send(&mut self, request: &[u8]) -> SentPart {
        let mut rest = request;
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.answers_early().await {
                        return SentPart::Part;
                    }
                }
                Err(_) if rest.len() == request.len() => return SentPart::Nothing,
                Err(_) => return SentPart::Part,
            }
        }
        SentPart::All
    }

    /// Waits until more can be sent; whether the server has answered, or closed, instead.
    async fn answers_early(&mut self) -> bool {
        let either = Interest::READABLE | Interest::WRITABLE;
        let Ok(ready) = self.stream.ready(either).await else {
            return true;
        };
        if !ready.is_readable() {
            return false;
        }
        self.make_room();
        match self.stream.try_read_buf(&mut self.buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Ok(count) if count > 0 => frame::is_final(self.received()),
            _ => true,
        }
    }

    /// Gives back what room a long answer took.
    pub(super) fn shrink(&mut self) {
        if self.buffer.capacity() > 2 * ROOM {
            self.buffer = Vec::new();
        }
    }

    /// Whether the server has neither closed the connection nor sent what nobody asked for.
    pub(super) fn is_quiet(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}
