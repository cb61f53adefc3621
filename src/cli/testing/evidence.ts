import type { EvidenceDesk } from "../../contracts/evidence.ts";

/** Evidence as a surface sees it: one witness, one log witnessed here. */
export const EVIDENCE: EvidenceDesk = {
  bundle: async (run, dir) => ({
    ...{ run, dir, events: 12, log: "nanos-log/1+0+AQ==" },
    files: ["checkpoint", "entries.jsonl"],
  }),
  prove: async () => "c2sp.org/tlog-proof@v1\nindex 3\n\nnanos-log/1\n",
  otlp: async (run, to) => ({ run, to: to ?? "http://set-up:4318/v1/traces", spans: 4 }),
  files: async () => new Map(),
  points: () => [],
  keys: async () => ({
    ...{ log: "nanos-log/1+0+AQ==", witness: "nanos-witness/1+0+BA==", operator: "AA==" },
    trusted: [
      { name: "nanos-witness/2", is: "witness", key: "nanos-witness/2+0+BA==", size: 12 },
      { name: "nanos-log/3", is: "log", key: "nanos-log/3+0+AQ==", size: 0 },
    ],
  }),
  trust: async (key) => ({ name: "nanos-witness/2", is: "witness", key, size: 0 }),
  drop: async () => undefined,
  ask: async () => "old 0\n",
  cosign: async () => "nanos-log/3\n",
  take: async () => ({ size: 12, witnesses: ["nanos-witness/2"] }),
};

/** A journal that holds. */
export const VERIFIED = {
  ...{ ok: true, events: 12, chains: 2, erased: 0, bad: null },
  ...{ checkpoints: 0, unsigned: 0, unwitnessed: 0 },
};
