import { sha256Bytes } from "../../std/hash.ts";

/**
 * The Merkle tree of RFC 6962: one hash for the first `n` entries, from which a few hashes prove
 * that an entry is among them (inclusion), and that a longer tree only adds to a shorter one
 * (consistency). Leaves and nodes are hashed with different first bytes, so that neither can pass
 * for the other. Entries count from 0. Pure: where hashes come from is the caller's.
 */

/** 32 bytes. */
export type Hash = Uint8Array;

/** Root of a tree over the entries `from` to `to` (exclusive), of which there is at least one. */
export type Subtree = (from: number, to: number) => Hash;

export const EMPTY_ROOT: Hash = sha256Bytes("");

export function leafHash(entry: Uint8Array): Hash {
  return sha256Bytes(Buffer.concat([LEAF, entry]));
}

export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256Bytes(Buffer.concat([NODE, left, right]));
}

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** The largest power of two below `n`, which is at least 2: where a tree splits. */
export function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}

/** A subtree of what was remembered; `known` is asked first, at every node. */
export function subtreeOf(known: (from: number, to: number) => Hash | null): Subtree {
  const of: Subtree = (from, to) => {
    const found = known(from, to);
    if (found) return found;
    const middle = from + splitOf(to - from);
    return nodeHash(of(from, middle), of(middle, to));
  };
  return of;
}

/** The root over some leaves, at least one. */
export function rootOf(leaves: readonly Hash[]): Hash {
  const leaf = (from: number, to: number): Hash | null =>
    to - from === 1 ? (leaves[from] ?? null) : null;
  return subtreeOf(leaf)(0, leaves.length);
}

/** Proof that entry `index` is one of the first `size`: siblings, from the leaf's up. */
export function inclusionProof(index: number, size: number, of: Subtree): readonly Hash[] {
  const walk = (from: number, to: number): Hash[] => {
    if (to - from === 1) return [];
    const middle = from + splitOf(to - from);
    return index < middle
      ? [...walk(from, middle), of(middle, to)]
      : [...walk(middle, to), of(from, middle)];
  };
  return walk(0, size);
}

/** Proof that the tree of the first `size` entries continues that of the first `old`. */
export function consistencyProof(old: number, size: number, of: Subtree): readonly Hash[] {
  if (old === 0 || old === size) return [];
  const walk = (from: number, to: number, isWhole: boolean): Hash[] => {
    if (to === old) return isWhole ? [] : [of(from, to)];
    const middle = from + splitOf(to - from);
    return old <= middle
      ? [...walk(from, middle, isWhole), of(middle, to)]
      : [...walk(middle, to, false), of(from, middle)];
  };
  return walk(0, size, true);
}

/** The root that a leaf and its proof lead to; null when the proof has not the form for its place. */
export function rootFrom(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
): Hash | null {
  if (index < 0 || index >= size) return null;
  let at = index;
  let last = size - 1;
  let root = leaf;
  for (const hash of proof) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(hash, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      root = nodeHash(root, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? root : null;
}

/** A tree's size and root. */
export interface Tree {
  readonly size: number;
  readonly root: Hash;
}

/** True when the proof shows that `tree` only adds entries to `old`. */
export function isConsistent(old: Tree, tree: Tree, proof: readonly Hash[]): boolean {
  if (old.size > tree.size) return false;
  if (old.size === 0) return proof.length === 0;
  if (old.size === tree.size) return proof.length === 0 && same(old.root, tree.root);
  // A whole old tree is a node of the new one, so the proof leaves it out.
  const path = isPower(old.size) ? [old.root, ...proof] : proof;
  const [seed, ...rest] = path;
  if (!seed) return false;
  let at = old.size - 1;
  let last = tree.size - 1;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let oldRoot = seed;
  let root = seed;
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldRoot = nodeHash(hash, oldRoot);
      root = nodeHash(hash, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      root = nodeHash(root, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(oldRoot, old.root) && same(root, tree.root);
}

/** True when both are the same bytes. */
export function same(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isPower(n: number): boolean {
  return n === 1 || splitOf(n) * 2 === n;
}
