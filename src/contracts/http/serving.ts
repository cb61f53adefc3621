import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";

/** `server:` of `config.yaml`: what `nanos serve` does where the command line says nothing. */
export const ServerConfig = z.strictObject({
  /** False: probes are answered, and nothing else. */
  enabled: z.boolean().optional(),
  host: z.string().min(1).optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  /** Ids of the keys that are let in; every good key where nothing is said. */
  keys: z.array(z.string()).optional(),
  /** What a body may have at most, in bytes. */
  bodyBytes: z.number().int().positive().max(LIMITS.httpBodyBytes).optional(),
  /** Requests a minute of any key, however many the key itself allows. */
  rate: z.number().int().positive().optional(),
  /** Where requests are counted, `redis://HOST:PORT/N`; in memory where nothing is said. */
  rates: z.url({ protocol: /^rediss?$/u }).optional(),
  /** The least a request must come to, to be written as a line. */
  log: z.enum(["info", "warning", "error"]).optional(),
  /** False: `/metrics` is not answered. */
  metrics: z.boolean().optional(),
});
export type ServerConfig = z.infer<typeof ServerConfig>;

/** What shows whether a process keeps up. */
export interface Vitals {
  /** Processes started in the sandbox since the home was opened, or put together anew. */
  readonly starts: number;
  /** Milliseconds it took until what was appended to the journal last was on disk. */
  readonly lagMs: number;
}
