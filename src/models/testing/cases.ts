import type { ModelEnd } from "../../contracts/model.ts";
import type { ModelFailureCode } from "../failures.ts";

/*
 * What every adapter must make of the same situation. Each case is a file of that name in the
 * adapter's folder of `fixtures/`: the bytes a provider sends, written by hand after its published protocol.
 */

/** What is left of an answer once ids and the sizes of deltas are taken away. */
export interface Seen {
  readonly text?: string;
  readonly thinking?: string;
  readonly calls?: readonly (readonly [string, unknown, string?])[];
  readonly finish: ModelEnd["finish"];
  readonly usage?: ModelEnd["usage"];
  readonly code?: ModelFailureCode;
  /** Milliseconds of waits a provider asked for; null for a wait of our own choice. */
  readonly waits?: readonly (number | null)[];
}

/** US dollars per million tokens in every case. */
export const PRICE = { input: 1, output: 2, cacheRead: 0.5, cacheWrite: 1.25 };
const USAGE = { input: 12, output: 7, cost: 26 / 1e6 };
const FINE: Seen = { text: "fine", finish: "stop", usage: USAGE };
const HALF = { text: "Half an answ", finish: "failed" } as const;
const NOTE = ["notes_read", { path: "a.md" }] as const;
const ECHO = ["echo", { text: "b" }] as const;
const PRINTED: Seen = { calls: [NOTE], finish: "calls", usage: USAGE };
export const TEXT: Seen = { text: "Grüße aus 東京 👋, all is well.", finish: "stop", usage: USAGE };
/** A request that came to nothing but a failure. */
export const refused = (code: ModelFailureCode): Seen => ({ finish: "failed", code });

/** Case by case: fixture name and what every adapter must make of it. */
export const CASES: Readonly<Record<string, Seen>> = {
  text: TEXT,
  crlf: TEXT,
  whole: FINE,
  thinking: { text: "Four.", thinking: "Two plus two is four.", finish: "stop", usage: USAGE },
  call: {
    calls: [["notes_read", { path: "today.md", lines: [1, 2] }]],
    finish: "calls",
    usage: USAGE,
  },
  calls: { text: "Reading both.", calls: [NOTE, ECHO], finish: "calls", usage: USAGE },
  interleaved: { calls: [NOTE, ECHO], finish: "calls", usage: USAGE },
  "missing-ids": { calls: [NOTE, ECHO], finish: "calls", usage: USAGE },
  "empty-ids": { calls: [NOTE, ECHO], finish: "calls", usage: USAGE },
  "duplicate-ids": { calls: [NOTE, ECHO], finish: "calls", usage: USAGE },
  "same-index": { calls: [NOTE, ECHO], finish: "calls", usage: USAGE },
  "broken-args": {
    calls: [["notes_read", null, '{"path": "today.md",']],
    finish: "calls",
    usage: USAGE,
  },
  "no-args": { calls: [["notes_list", {}]], finish: "calls", usage: USAGE },
  "no-usage": { text: "fine", finish: "stop" },
  cached: {
    text: "fine",
    finish: "stop",
    usage: { input: 2006, output: 300, cached: 1920, cost: 1646 / 1e6 },
  },
  "printed-tag": { ...PRINTED, text: "Let me look." },
  "printed-fence": PRINTED,
  "printed-fence-line": PRINTED,
  "printed-bare": PRINTED,
  "printed-function": PRINTED,
  "printed-list": { ...PRINTED, calls: [NOTE, ECHO] },
  "printed-unknown": {
    text: '<tool_call>{"name": "rm_rf", "arguments": {}}</tool_call>',
    finish: "stop",
    usage: USAGE,
  },
  "printed-json": { text: '{"title": "A note", "tags": ["x"]}', finish: "stop", usage: USAGE },
  "printed-think": {
    text: "Four.",
    thinking: "Two plus two is four.",
    finish: "stop",
    usage: USAGE,
  },
  "retry-seconds": { ...FINE, waits: [2_000] },
  "retry-date": { ...FINE, waits: [5_000] },
  "retry-long": refused("model.rate_limited"),
  "retry-spent": { ...refused("model.rate_limited"), waits: [1_000, 1_000] },
  overloaded: { ...FINE, waits: [null] },
  "server-error": { ...FINE, waits: [null, null] },
  "server-down": { ...refused("model.provider_error"), waits: [null, null] },
  unauthorized: refused("model.unauthorized"),
  forbidden: refused("model.forbidden"),
  "not-found": refused("model.not_found"),
  "context-full": refused("model.context_full"),
  "bad-request": refused("model.bad_request"),
  quota: refused("model.quota"),
  redirect: refused("model.redirected"),
  "web-page": refused("model.bad_frame"),
  "wrong-url": refused("model.wrong_url"),
  "tools-unsupported": refused("model.tools_unsupported"),
  "error-frame": { text: "Half an ", finish: "failed", code: "model.provider_error" },
  "error-field": { text: "Half an ", finish: "failed", code: "model.provider_error" },
  "overloaded-frame": { ...FINE, waits: [null] },
  cut: { ...HALF, code: "model.cut" },
  reset: { ...HALF, code: "model.cut" },
  "cut-frame": { ...HALF, code: "model.cut" },
  "cut-call": {
    calls: [["notes_read", null, '{"path":"to']],
    finish: "failed",
    code: "model.cut",
  },
  "cut-at-once": { ...FINE, waits: [null] },
  "no-done": FINE,
  "bad-frame": { text: "Half an ", finish: "failed", code: "model.bad_frame" },
  "bad-mapping": refused("model.bad_mapping"),
  empty: { ...refused("model.empty"), usage: USAGE },
  length: { text: "Half an ", finish: "length", usage: USAGE },
  filtered: { text: "I ca", finish: "filtered", code: "model.filtered", usage: USAGE },
  "whole-error": refused("model.wrong_url"),
  "no-stream-options": { text: "fine", finish: "stop" },
};
