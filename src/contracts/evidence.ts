import { z } from "zod";

/** Events of the home chain about what is signed, and what was sent to others. */
export const EVIDENCE_EVENTS = [
  /** All events before it, signed: a checkpoint of the log as a signed note. */
  z.strictObject({ kind: z.literal("log.checkpointed"), checkpoint: z.string() }),
  /** The same with the signatures of witnesses. */
  z.strictObject({ kind: z.literal("log.cosigned"), checkpoint: z.string() }),
  /** A verifier key the operator trusts: of a witness of this log, or of a log witnessed here. */
  z.strictObject({ kind: z.literal("witness.trusted"), key: z.string() }),
  z.strictObject({ kind: z.literal("witness.dropped"), key: z.string() }),
  /** The newest this home saw of another log, before it signed it. `root` is base64. */
  z.strictObject({
    kind: z.literal("witness.signed"),
    origin: z.string(),
    size: z.number().int(),
    root: z.string(),
  }),
  /** The operator has a run sent to a collector; with what was said in it, where `contents`. */
  z.strictObject({
    kind: z.literal("trace.sent"),
    run: z.string(),
    host: z.string(),
    spans: z.number().int(),
    contents: z.boolean(),
  }),
] as const;

/** What a stranger can check, and what other homes sign of this one's log and this one of theirs. */
/** A checkpoint on record, as it was written. */
export interface Signed {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly checkpoint: string;
}

export interface EvidenceDesk {
  /**
   * Writes a folder that shows what a run was, for whoever has no nanos.
   * @throws NanosError `export.not_empty`, `run.unknown`, `log.unsigned`, `journal.*`.
   */
  bundle(run: string, dir: string, options: { readonly redacted: boolean }): Promise<Bundled>;
  /**
   * The same as texts by name, for who writes them elsewhere.
   * @throws NanosError `run.unknown`, `log.unsigned`, `journal.*`.
   */
  files(run: string, options: { readonly redacted: boolean }): Promise<ReadonlyMap<string, string>>;
  /** That a step is in the log, as `c2sp.org/tlog-proof@v1`. @throws NanosError `step.unknown`. */
  prove(step: string): Promise<string>;
  /**
   * Hands a run to a collector as OTLP: an address, or a file.
   * @throws NanosError `run.unknown`, `otlp.nowhere`, `otlp.refused`, `otlp.bad_url`, `fetch.*`, `secret.*`.
   */
  otlp(run: string, to: string | null, options: OtlpOptions): Promise<OtlpSent>;
  /** The newest checkpoints and cosigned ones on record, newest first, at most so many. */
  points(limit: number): readonly Signed[];
  /** This home's verifier keys, and those it trusts. */
  keys(): Promise<EvidenceKeys>;
  /** Trusts a witness of this log, or a log to be witnessed here. @throws NanosError `witness.key`. */
  trust(key: string): Promise<TrustedKey>;
  /** Takes it back, by name. @throws NanosError `witness.unknown`. */
  drop(name: string): Promise<void>;
  /**
   * What a witness is asked to sign: the log since it signed last, as a request of `tlog-witness`.
   * `from`: the size it says it saw last, where this home does not know.
   * @throws NanosError `witness.unknown`, `witness.choose`.
   */
  ask(witness?: string, from?: number): Promise<string>;
  /**
   * Signs another home's log as its witness: the checkpoint with its signature comes back.
   * @throws NanosError `witness.request`, `witness.unknown_log`, `witness.unsigned`,
   *   `witness.other_size`, `witness.truncated`, `witness.rewritten`.
   */
  cosign(request: string): Promise<string>;
  /** Keeps what witnesses signed. @throws NanosError `witness.not_ours`, `witness.nobody`. */
  take(checkpoint: string): Promise<Taken>;
}

/** A bundle that was written. */
export interface Bundled {
  readonly run: string;
  readonly dir: string;
  readonly events: number;
  readonly files: readonly string[];
  /** The log's verifier key, to be given to whoever checks it by another way. */
  readonly log: string;
}

export interface OtlpOptions {
  /** What was said and done too, and not only that. */
  readonly contents?: boolean;
  /** A stored secret that is sent as the header `authorization`, to a host it is bound to. */
  readonly secret?: string | undefined;
}

/** What was handed to a collector. */
export interface OtlpSent {
  readonly run: string;
  readonly to: string;
  readonly spans: number;
}

export interface EvidenceKeys {
  readonly log: string;
  readonly witness: string;
  /** The operator's key: 32 bytes as base64. */
  readonly operator: string;
  readonly trusted: readonly TrustedKey[];
}

/** A key the operator trusts. `size`: what it signed of this log, or was signed of it here. */
export interface TrustedKey {
  readonly name: string;
  readonly is: "witness" | "log";
  readonly key: string;
  readonly size: number;
}

/** A checkpoint that witnesses signed. */
export interface Taken {
  readonly size: number;
  readonly witnesses: readonly string[];
}
