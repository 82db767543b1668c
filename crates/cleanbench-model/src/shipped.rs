//! The providers that are known without a models file: one table each in `provider/profiles.toml`.

use std::path::Path;
use std::sync::LazyLock;

use crate::config::provider as reading;
use crate::provider::{Profile, Protocol};

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let text = include_str!("provider/profiles.toml");
    reading::read_shipped(text, Path::new("profiles.toml")).unwrap_or_default()
});

/// All providers that are known without a models file, sorted by name.
pub fn profiles() -> &'static [Profile] {
    &PROFILES
}

/// The profile called `name`.
pub(crate) fn named(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// The hosted provider that `host` belongs to, preferably one that speaks `protocol`.
pub(crate) fn owner_of(host: &str, protocol: Option<Protocol>) -> Option<&'static Profile> {
    let owners = || {
        PROFILES
            .iter()
            .filter(|profile| profile.key_env.is_some() || !profile.other_hosts.is_empty())
            .filter(|profile| profile.owns(host))
    };
    let speaks = |profile: &&Profile| protocol.is_none_or(|wanted| profile.protocol == wanted);
    owners().find(speaks).or_else(|| owners().next())
}

/// The profile to ask the provider of `profile` in the language `protocol`.
pub(crate) fn speaking(profile: &Profile, protocol: Protocol) -> Profile {
    if profile.protocol == protocol {
        return profile.clone();
    }
    let sibling = PROFILES
        .iter()
        .find(|known| known.protocol == protocol && known.family() == profile.family());
    sibling.cloned().unwrap_or_else(|| Profile {
        base_url: profile.base_url.clone(),
        key_env: profile.key_env.clone(),
        other_hosts: profile.other_hosts.clone(),
        ..Profile::plain(&profile.name, protocol)
    })
}

#[cfg(test)]
mod tests;
