//! Merkle root over a stream of leaves, as RFC 6962 section 2.1 defines it.
//!
//! Leaf hash = SHA-256(0x00 ‖ leaf), node hash = SHA-256(0x01 ‖ left ‖ right), and a tree of n leaves
//! splits at the largest power of two below n. Held in memory: one hash a level, so a suite of a
//! million samples costs twenty hashes.

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// Builds the root of a list of leaves that arrive one by one.
#[derive(Debug, Default, Clone)]
pub struct MerkleTree {
    /// Roots of complete subtrees, largest first; each entry is (leaf count, hash).
    peaks: Vec<(u64, [u8; 32])>,
}

impl MerkleTree {
    /// Appends the next leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut size = 1;
        let mut hash: [u8; 32] = Sha256::new()
            .chain_update([0])
            .chain_update(leaf)
            .finalize()
            .into();
        while let Some(&(peak_size, peak)) = self.peaks.last()
            && peak_size == size
        {
            hash = node(&peak, &hash);
            size *= 2;
            self.peaks.pop();
        }
        self.peaks.push((size, hash));
    }

    /// Root of all leaves so far; SHA-256 of nothing for an empty tree.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = peaks.next() else {
            return Digest(Sha256::digest([]).into());
        };
        Digest(peaks.fold(last, |right, left| node(&left, &right)))
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Roots of the eight-leaf test tree published with RFC 6962 implementations
    /// (certificate-transparency reference tests).
    #[test]
    fn published_roots() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            (
                0,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                1,
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            ),
            (
                2,
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            ),
            (
                3,
                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            ),
            (
                5,
                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            ),
            (
                8,
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ),
        ];
        for (count, root) in roots {
            let mut tree = MerkleTree::default();
            leaves[..count].iter().for_each(|leaf| tree.push(leaf));
            assert_eq!(tree.root().to_string(), root, "{count} leaves");
        }
    }
}
