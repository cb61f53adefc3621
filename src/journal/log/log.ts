import { assert } from "../../std/error.ts";
import type { Journal, Log, ViewSpec } from "../journal.ts";
import { type Reader, tampered } from "../reader.ts";
import { hex } from "../row/entry.ts";
import {
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  type Subtree,
  subtreeOf,
} from "./tree.ts";

/**
 * The journal as a Merkle log. An entry is the hash of an event, which stands for its canonical JSON:
 * that begins with a brace and never with a byte that marks a leaf or a node.
 *
 * Appending does nothing for it. A view remembers the roots of whole tiles, 256 events each, and of
 * what is made of them; the rest is folded from the hashes in the rows when a root or proof is asked
 * for. So a root costs the events since the last one, and the view may be deleted.
 */
export function openLog(reader: Reader, view: Journal["view"]): Log {
  const spec = tiles(reader);
  const within = <T>(size: number, ask: (of: Subtree) => T): T =>
    view(spec, (db) => {
      assert(size >= 0 && size <= reader.size(), "a log is no longer than its journal");
      return ask(
        subtreeOf((from, to) => {
          const count = to - from;
          if (count <= TILE) return tileRoot(reader, from, to);
          if (!Number.isInteger(Math.log2(count))) return null;
          const [row] = db.all(NODE, Math.log2(count), from / count);
          return row ? Buffer.from(String(row["hash"]), "hex") : null;
        }),
      );
    });
  return {
    root: (size) => within(size, (of) => (size === 0 ? EMPTY_ROOT : of(0, size))),
    inclusion: (seq, size) => within(size, (of) => inclusionProof(seq - 1, size, of)),
    consistency: (old, size) => within(size, (of) => consistencyProof(old, size, of)),
    roots: (sizes) => rootsOf(reader, sizes),
  };
}

/** Events of one tile. */
const TILE = 256;
const TILE_LEVEL = 8;
const NODE = "SELECT hash FROM log_nodes WHERE level = ? AND i = ?";

/** Node `i` of a level stands for the events `i * 2^level` to `(i + 1) * 2^level`. */
function tiles(reader: Reader): ViewSpec {
  return {
    name: "log",
    version: 1,
    bodies: false,
    tables: `CREATE TABLE log_nodes (
      level INTEGER NOT NULL, i INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (level, i)
    ) WITHOUT ROWID`,
    apply: (db, { event: { seq } }) => {
      if (seq % TILE !== 0) return;
      let hash = tileRoot(reader, seq - TILE, seq);
      let i = seq / TILE - 1;
      for (let level = TILE_LEVEL; ; level++) {
        db.run("INSERT INTO log_nodes VALUES (?, ?, ?)", level, i, hex(hash));
        if (i % 2 === 0) return;
        const [left] = db.all(NODE, level, i - 1);
        assert(left, "a node on the left is there before the one on its right");
        hash = nodeHash(Buffer.from(String(left["hash"]), "hex"), hash);
        i = (i - 1) / 2;
      }
    },
  };
}

/** Nothing that was remembered takes part: the tree grows from the first event on. */
function rootsOf(reader: Reader, sizes: readonly number[]): ReadonlyMap<number, Hash> {
  const roots = new Map<number, Hash>();
  /** Roots of the whole trees the events so far are made of, largest first. */
  const whole: { readonly level: number; readonly hash: Hash }[] = [];
  let from = 0;
  for (const size of [...new Set(sizes)].toSorted((a, b) => a - b)) {
    while (from < size) {
      const hashes = reader.hashes(from, Math.min(from + TILE, size));
      if (hashes.length === 0) return roots;
      for (const hash of hashes) grow(whole, leafHash(hash));
      from += hashes.length;
    }
    const peaks = whole.map(({ hash }) => hash);
    const root =
      peaks.length === 0 ? EMPTY_ROOT : peaks.reduceRight((all, one) => nodeHash(one, all));
    roots.set(size, root);
  }
  return roots;
}

/** Root over a few events, from their rows. */
function tileRoot(reader: Reader, from: number, to: number): Hash {
  const hashes = reader.hashes(from, to);
  if (hashes.length !== to - from) throw tampered(to, "the log", "it or one before it is missing");
  return rootOf(hashes.map(leafHash));
}

function grow(whole: { readonly level: number; readonly hash: Hash }[], leaf: Hash): void {
  let node = { level: 0, hash: leaf };
  for (let left = whole.at(-1); left?.level === node.level; left = whole.at(-1)) {
    whole.pop();
    node = { level: node.level + 1, hash: nodeHash(left.hash, node.hash) };
  }
  whole.push(node);
}
