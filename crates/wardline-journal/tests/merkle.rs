//! Trees and proofs against another crate, and against RFC 6962 written down word for word.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::{Digest, Sha256};
use wardline_journal::Hash;
use wardline_journal::merkle::{
    Consistency, Inclusion, Tree, leaf_hash, node_index, prove_consistency, prove_inclusion,
    root_of,
};

const SIZES: u64 = 140;

fn leaf(number: u64) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

/// Trees of every size up to [`SIZES`], and the hashes that they stored.
fn trees() -> (Vec<Tree>, Vec<Hash>) {
    let (mut tree, mut nodes) = (Tree::new(), Vec::new());
    let mut trees = vec![tree.clone()];
    for number in 0..SIZES {
        assert_eq!(nodes.len() as u64, node_index(0, number));
        tree.push(leaf_hash(&leaf(number)), |hash| nodes.push(hash));
        trees.push(tree.clone());
    }
    (trees, nodes)
}

/// MTH of section 2.1.
fn mth(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [] => Sha256::digest([]).to_vec(),
        [leaf] => Sha256::digest([&[0], &leaf[..]].concat()).to_vec(),
        _ => {
            let (left, right) = leaves.split_at(k(leaves.len()));
            Sha256::digest([vec![1], mth(left), mth(right)].concat()).to_vec()
        }
    }
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    (0..).map(|shift| 1 << shift).take_while(|power| *power < n).last().unwrap()
}

/// PATH of section 2.1.1.
fn path(m: usize, leaves: &[Vec<u8>]) -> Vec<Vec<u8>> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(k(leaves.len()));
    if m < left.len() {
        [path(m, left), vec![mth(right)]].concat()
    } else {
        [path(m - left.len(), right), vec![mth(left)]].concat()
    }
}

/// SUBPROOF of section 2.1.2.
fn subproof(m: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Vec<u8>> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(k(leaves.len()));
    if m <= left.len() {
        [subproof(m, left, whole), vec![mth(right)]].concat()
    } else {
        [subproof(m - left.len(), right, false), vec![mth(left)]].concat()
    }
}

#[test]
fn heads_and_proofs_are_those_of_rfc_6962() {
    let leaves: Vec<_> = (0..SIZES).map(leaf).collect();
    let (trees, nodes) = trees();
    for size in 0..=SIZES as usize {
        let expected = mth(&leaves[..size]);
        assert_eq!(trees[size].root()[..], expected);
        assert_eq!(root_of(&mut nodes.as_slice(), size as u64).unwrap()[..], expected);
        if size > 70 && size % 17 != 0 {
            continue;
        }
        for m in 0..size {
            let proof = prove_inclusion(&mut nodes.as_slice(), m as u64, size as u64).unwrap();
            let expected = path(m, &leaves[..size]);
            assert!(proof.path.iter().map(|hash| &hash[..]).eq(expected.iter().map(|h| &h[..])));
            let proof = prove_consistency(&mut nodes.as_slice(), m as u64 + 1, size as u64);
            let expected = subproof(m + 1, &leaves[..size], true);
            let path = proof.unwrap().path;
            assert!(path.iter().map(|hash| &hash[..]).eq(expected.iter().map(|h| &h[..])));
        }
    }
}

#[test]
fn another_crate_has_the_same_heads_and_takes_our_proofs() {
    let (trees, nodes) = trees();
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut roots: Vec<RootHash<Sha256>> = vec![theirs.root()];
    for number in 0..SIZES {
        theirs.push(leaf(number));
        roots.push(theirs.root());
    }
    for size in 1..=SIZES as usize {
        assert_eq!(roots[size].as_bytes()[..], trees[size].root()[..]);
        for m in (0..size).step_by(1 + size / 40) {
            let ours = prove_inclusion(&mut nodes.as_slice(), m as u64, size as u64).unwrap();
            let digests = ours.path.iter().map(Into::into);
            let proof = InclusionProof::<Sha256>::from_digests(digests);
            roots[size].verify_inclusion(&leaf(m as u64), m as u64, &proof).unwrap();
            let ours = prove_consistency(&mut nodes.as_slice(), m as u64 + 1, size as u64).unwrap();
            let digests = ours.path.iter().map(Into::into);
            let proof = ConsistencyProof::<Sha256>::from_digests(digests);
            roots[size].verify_consistency(&roots[m + 1], &proof).unwrap();
        }
    }
    // And theirs are taken by us.
    for m in 0..SIZES {
        let proof = theirs.prove_inclusion(m as usize);
        let (path, rest) = proof.as_bytes().as_chunks::<32>();
        assert!(rest.is_empty());
        let proof = Inclusion { leaf: m, size: SIZES, path: path.to_vec() };
        proof.verify(&leaf_hash(&leaf(m)), &trees[SIZES as usize].root()).unwrap();
    }
}

#[test]
fn a_proof_proves_nothing_else() {
    let (trees, nodes) = trees();
    let root = |size: u64| trees[size as usize].root();
    for size in [1, 2, 3, 7, 8, 9, 64, 65, 100] {
        for m in 0..size {
            let proof = prove_inclusion(&mut nodes.as_slice(), m, size).unwrap();
            let hash = leaf_hash(&leaf(m));
            proof.verify(&hash, &root(size)).unwrap();
            assert!(proof.verify(&hash, &root(size + 1)).is_err());
            assert!(proof.verify(&leaf_hash(&leaf(m + 1)), &root(size)).is_err());
            for other in (0..size).filter(|other| *other != m) {
                let other = Inclusion { leaf: other, ..proof.clone() };
                assert!(other.verify(&hash, &root(size)).is_err());
            }
            for (index, byte) in (0..proof.path.len()).zip([0, 31].into_iter().cycle()) {
                let mut wrong = proof.clone();
                wrong.path[index][byte] ^= 1;
                assert!(wrong.verify(&hash, &root(size)).is_err());
                let mut shorter = proof.clone();
                shorter.path.remove(index);
                assert!(shorter.verify(&hash, &root(size)).is_err());
            }
            let mut longer = proof.clone();
            longer.path.push([0; 32]);
            assert!(longer.verify(&hash, &root(size)).is_err());
        }
        for old in 1..=size {
            let proof = prove_consistency(&mut nodes.as_slice(), old, size).unwrap();
            proof.verify(&root(old), &root(size)).unwrap();
            assert!(proof.verify(&root(old - 1), &root(size)).is_err());
            assert!(proof.verify(&root(old), &root(size + 1)).is_err());
            for index in 0..proof.path.len() {
                let mut wrong = proof.clone();
                wrong.path[index][3] ^= 1;
                assert!(wrong.verify(&root(old), &root(size)).is_err());
                wrong.path.remove(index);
                assert!(wrong.verify(&root(old), &root(size)).is_err());
            }
            let mut longer = proof.clone();
            longer.path.push([0; 32]);
            assert!(longer.verify(&root(old), &root(size)).is_err());
        }
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let (_, nodes) = trees();
    let mut nodes = nodes.as_slice();
    assert!(prove_inclusion(&mut nodes, 5, 5).is_err());
    assert!(prove_inclusion(&mut nodes, 0, 0).is_err());
    assert!(prove_inclusion(&mut nodes, 0, SIZES + 1).is_err());
    assert!(prove_consistency(&mut nodes, 0, 5).is_err());
    assert!(prove_consistency(&mut nodes, 6, 5).is_err());
    assert!(prove_inclusion(&mut nodes, u64::MAX - 1, u64::MAX).is_err());
    assert!(prove_consistency(&mut nodes, u64::MAX - 1, u64::MAX).is_err());
    let proof = Consistency { old_size: u64::MAX, size: u64::MAX, path: vec![[0; 32]; 3] };
    assert!(proof.verify(&[0; 32], &[0; 32]).is_err());
    let proof = Inclusion { leaf: u64::MAX, size: u64::MAX, path: vec![[0; 32]; 70] };
    assert!(proof.verify(&[0; 32], &[0; 32]).is_err());
}
