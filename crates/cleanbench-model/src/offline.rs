//! An endpoint that is never asked: it words requests and reads recorded replies.
//!
//! Invariant: there is no client in it, hence no socket and no key.

use cleanbench_core::model::Sent;
use cleanbench_core::{
    BoxFuture, CallError, CallErrorKind, Completion, Form, Model, Reply, Request, Sensitivity,
    Timing,
};

use crate::{Endpoint, Reader, request_body};

/// A model of which only recorded answers are wanted.
#[derive(Debug)]
pub struct OfflineModel {
    endpoint: Endpoint,
    reader: Reader,
}

impl OfflineModel {
    /// Stands for the model at `endpoint`.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.clone(),
            reader: Reader::new(endpoint),
        }
    }
}

impl Model for OfflineModel {
    fn form(&self) -> Form {
        self.endpoint.form
    }

    fn body(&self, request: &Request) -> Result<Vec<u8>, CallError> {
        request_body(&self.endpoint, request)
    }

    /// Sends nothing.
    fn send<'a>(&'a self, _body: &'a [u8], _sensitivity: Sensitivity) -> BoxFuture<'a, Sent> {
        let what = format!("{} is not asked in a replay", self.endpoint.host());
        let error = CallError::new(CallErrorKind::Forbidden, what);
        Box::pin(std::future::ready(Sent {
            reply: None,
            error: Some(error),
            timing: Timing::default(),
        }))
    }

    fn read(&self, body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        self.reader.read(body, reply)
    }
}
