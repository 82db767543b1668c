//! From an endpoint to a client of it.
//!
//! Invariant: a client is made for a host that was named, and for no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use cleanbench_core::CallErrorKind;
use cleanbench_model::Endpoint;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::egress::{self, Egress};
use crate::http::{HttpModel, Wire};
use crate::key::ApiKey;

/// Why no client could be made for an endpoint. No socket was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The host is not among those that the factory was made for.
    #[error("{host} was not named on the command line or in the models file; nothing was sent")]
    NotNamed {
        /// Host and port.
        host: String,
    },
    /// The key cannot stand in a header.
    #[error("the key for {host} is empty or has characters that no key has; check {source_name}")]
    BadKey {
        /// Host and port.
        host: String,
        /// The environment variable, or what stands in its place.
        source_name: String,
    },
    /// TLS cannot be set up.
    #[error(
        "no TLS for {host}: {cause}; install the system's CA certificates, or use a http:// address on this machine"
    )]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library says.
        cause: String,
    },
}

impl ConnectError {
    /// The kind under which the engine would record it.
    pub fn kind(&self) -> CallErrorKind {
        match self {
            Self::NotNamed { .. } => CallErrorKind::Forbidden,
            Self::BadKey { .. } => CallErrorKind::Auth,
            Self::Tls { .. } => CallErrorKind::Tls,
        }
    }
}

/// Makes clients for the hosts that were named, and for no others.
#[derive(Debug, Clone)]
pub struct ClientFactory {
    hosts: Arc<BTreeSet<String>>,
}

impl ClientFactory {
    /// A factory for the hosts of `endpoints`: those that the models file and the command line
    /// named for this run.
    pub fn new(endpoints: &[Endpoint]) -> Self {
        let hosts = endpoints.iter().flat_map(egress::names).collect();
        Self {
            hosts: Arc::new(hosts),
        }
    }

    /// A client for `endpoint`. Opens no socket yet.
    ///
    /// # Errors
    /// When the host was not named, the key cannot be a key, or TLS cannot be set up: a `https:`
    /// endpoint needs the CA certificates of the system, a `http:` endpoint does not.
    pub fn connect(
        &self,
        endpoint: &Endpoint,
        key: Option<ApiKey>,
    ) -> Result<HttpModel, ConnectError> {
        let host = endpoint.host();
        let egress = Egress::new(Arc::clone(&self.hosts), endpoint);
        if endpoint.is_embedded() || !egress.is_named() {
            return Err(ConnectError::NotNamed { host });
        }
        let headers = headers(endpoint, key.as_ref()).ok_or_else(|| ConnectError::BadKey {
            host: host.clone(),
            source_name: endpoint.key_env.clone().unwrap_or("its source".to_owned()),
        })?;
        let wire =
            Wire::to(endpoint, headers).map_err(|cause| ConnectError::Tls { host, cause })?;
        Ok(HttpModel::new(endpoint, egress, wire, key))
    }
}

/// The headers of every request; `None` if the key cannot be one.
fn headers(endpoint: &Endpoint, key: Option<&ApiKey>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &endpoint.profile.headers {
        // A description that was edited may hold what no header can; it is left out.
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value.as_str())) {
            headers.insert(name, value);
        }
    }
    if let Some(key) = key {
        let (name, value) = key.header(endpoint.profile.key_header)?;
        headers.insert(name, value);
    }
    Some(headers)
}
