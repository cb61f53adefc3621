import { describe, expect, test } from "bun:test";
import {
  consistencyProof,
  EMPTY_ROOT,
  type Hash,
  inclusionProof,
  isConsistent,
  leafHash,
  nodeHash,
  rootFrom,
  rootOf,
  same,
  type Subtree,
} from "./tree.ts";

/** The entries every implementation of RFC 6962 is tried with, and the roots over the first n. */
const ENTRIES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const LEAVES = ENTRIES.map((entry) => leafHash(Buffer.from(entry, "hex")));

function hexes(hashes: readonly Hash[]): readonly string[] {
  return hashes.map((hash) => Buffer.from(hash).toString("hex"));
}

function over(leaves: readonly Hash[]): Subtree {
  return (from, to) => rootOf(leaves.slice(from, to));
}

describe("the vectors of RFC 6962", () => {
  test("roots", () => {
    const roots = ROOTS.map((_, n) => (n === 0 ? EMPTY_ROOT : rootOf(LEAVES.slice(0, n))));
    expect(hexes(roots)).toEqual(ROOTS);
  });

  test.each([
    [0, 1, []],
    [
      0,
      8,
      [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
      ],
    ],
    [
      5,
      8,
      [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      ],
    ],
    [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
    [
      1,
      5,
      [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      ],
    ],
  ] as const)("inclusion of %d in %d", (index, size, expected) => {
    expect(hexes(inclusionProof(index, size, over(LEAVES)))).toEqual([...expected]);
  });

  test.each([
    [1, 1, []],
    [
      1,
      8,
      [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
      ],
    ],
    [
      6,
      8,
      [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      ],
    ],
    [
      2,
      5,
      [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      ],
    ],
  ] as const)("consistency of %d with %d", (old, size, expected) => {
    expect(hexes(consistencyProof(old, size, over(LEAVES)))).toEqual([...expected]);
  });
});

describe("all sizes up to 70", () => {
  const leaves = Array.from({ length: 70 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
  const roots = [EMPTY_ROOT, ...leaves.map((_, i) => rootOf(leaves.slice(0, i + 1)))];
  const of = over(leaves);
  const rootAt = (size: number): Hash => roots[size] as Hash;
  /** What a liar may send: a proof with a hash too many, too few, or another one in its place. */
  const spoiled = (proof: readonly Hash[]): readonly (readonly Hash[])[] => [
    [...proof, EMPTY_ROOT],
    ...(proof.length === 0 ? [] : [proof.slice(1), proof.slice(0, -1)]),
    ...proof.map((_, i) => proof.with(i, nodeHash(EMPTY_ROOT, EMPTY_ROOT))),
  ];

  test("every entry is included where it is, and nowhere else", () => {
    for (let size = 1; size <= 70; size++) {
      for (let i = 0; i < size; i++) {
        const proof = inclusionProof(i, size, of);
        const leaf = leaves[i] as Hash;
        const leads = (at: number, one: readonly Hash[]): boolean => {
          const root = rootFrom(leaf, at, size, one);
          return root !== null && same(root, rootAt(size));
        };
        expect(leads(i, proof)).toBe(true);
        expect(size > 1 && leads((i + 1) % size, proof)).toBe(false);
        if (size % 7 === 0) expect(spoiled(proof).some((one) => leads(i, one))).toBe(false);
      }
    }
  });

  test("every tree continues every shorter one, and no other", () => {
    for (let size = 0; size <= 70; size++) {
      for (let old = 0; old <= size; old++) {
        const proof = consistencyProof(old, size, of);
        const tree = { size, root: rootAt(size) };
        const from = { size: old, root: rootAt(old) };
        expect(isConsistent(from, tree, proof)).toBe(true);
        if (old === 0) continue;
        expect(isConsistent({ ...from, root: EMPTY_ROOT }, tree, proof)).toBe(false);
        expect(isConsistent(from, { ...tree, root: EMPTY_ROOT }, proof)).toBe(false);
        if (size % 7 !== 0) continue;
        expect(spoiled(proof).some((one) => isConsistent(from, tree, one))).toBe(false);
      }
    }
  });

  test("a tree that became shorter continues nothing", () => {
    const proof = consistencyProof(5, 9, of);
    const [from, tree] = [
      { size: 9, root: rootAt(9) },
      { size: 5, root: rootAt(5) },
    ];
    expect(isConsistent(from, tree, proof)).toBe(false);
    expect(isConsistent(from, tree, [])).toBe(false);
  });
});
