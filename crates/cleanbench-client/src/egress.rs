//! The gate before the socket: named hosts only, and only what they may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use cleanbench_core::{CallError, CallErrorKind, Sensitivity};
use cleanbench_model::Endpoint;

/// What may leave, and whereto.
#[derive(Debug)]
pub(crate) struct Egress {
    named: Arc<BTreeSet<String>>,
    host: String,
    proxy: Option<String>,
    allow: BTreeSet<Sensitivity>,
}

impl Egress {
    pub(crate) fn new(named: Arc<BTreeSet<String>>, endpoint: &Endpoint) -> Self {
        Self {
            named,
            host: endpoint.host(),
            proxy: endpoint.proxy_host().map(as_proxy),
            allow: endpoint.allow.clone(),
        }
    }

    /// Whether the host was named for this run, and the proxy too if there is one.
    pub(crate) fn is_named(&self) -> bool {
        let proxy = self.proxy.as_ref();
        self.named.contains(&self.host) && proxy.is_none_or(|proxy| self.named.contains(proxy))
    }

    /// Lets a sample labelled `sensitivity` pass, or says why not.
    pub(crate) fn check(&self, sensitivity: Sensitivity) -> Result<(), CallError> {
        let host = &self.host;
        let reason = if !self.is_named() {
            "it was not named on the command line or in the models file".to_owned()
        } else if !self.allow.contains(&sensitivity) {
            format!(
                "a {sensitivity} sample may not be sent there; add `allow = [\"{sensitivity}\"]` to the model in models.toml if it may"
            )
        } else {
            return Ok(());
        };
        let message = format!("{host}: {reason}; nothing was sent");
        Err(CallError::new(CallErrorKind::Forbidden, message))
    }
}

/// Whom the connections to `endpoint` go to. A host that was named as a proxy is not thereby named as
/// an endpoint.
pub(crate) fn names(endpoint: &Endpoint) -> impl Iterator<Item = String> {
    let proxy = endpoint.proxy_host().map(as_proxy);
    std::iter::once(endpoint.host()).chain(proxy)
}

fn as_proxy(host: &str) -> String {
    format!("proxy {host}")
}

#[cfg(test)]
mod tests {
    use cleanbench_model::{ModelsFile, Overrides, resolve};

    use super::*;

    #[test]
    fn only_named_hosts_and_allowed_labels_pass() {
        let check = |spec: &str, named: &str, sensitivity, passes: bool| {
            let endpoint = resolve(spec, &ModelsFile::empty(), &Overrides::default()).expect(spec);
            let named = Arc::new(BTreeSet::from([named.to_owned()]));
            let result = Egress::new(named, &endpoint).check(sensitivity);
            assert_eq!(result.is_ok(), passes, "{spec}: {result:?}");
            if let Err(error) = result {
                assert_eq!(error.kind, CallErrorKind::Forbidden);
            }
        };
        let local = "http://127.0.0.1:9/v1#m";
        check(local, "127.0.0.1:9", Sensitivity::Private, true);
        check(local, "127.0.0.1:9", Sensitivity::Secret, false);
        check(local, "127.0.0.1:8", Sensitivity::Public, false);
        let remote = "https://llm.example/v1#m";
        check(remote, "llm.example:443", Sensitivity::Public, true);
        check(remote, "llm.example:443", Sensitivity::Private, false);
        check(remote, "llm.example:443", Sensitivity::Secret, false);
    }
}
