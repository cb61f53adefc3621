import { z } from "zod";

/**
 * The isolation really applied to a process.
 * `bwrap` namespaces, seccomp and limits; `landlock` Landlock, seccomp and limits in the process
 * itself; `wasm` QuickJS in WebAssembly, in a process that may name no file; `container` podman;
 * `seatbelt` a profile of macOS; `none` the operator marked it unconfined; `host` ran inside nanos.
 */
export const Tier = z.enum(["bwrap", "landlock", "wasm", "container", "none", "host", "seatbelt"]);
export type Tier = z.infer<typeof Tier>;

/**
 * What a call's process was really held to, beside its tier. `net` is `none`, `proxy` for the hosts
 * its scopes name, or `open` where nothing held it. `ms` is wall time; all of it is for one call but
 * `cpuSeconds`, which a process that serves many calls has for all of them. Null: not bounded.
 */
export const Held = z.strictObject({
  net: z.enum(["none", "proxy", "open"]),
  limits: z.strictObject({
    ms: z.number(),
    memoryBytes: z.number().nullable(),
    processes: z.number().nullable(),
    cpuSeconds: z.number().nullable(),
    outputBytes: z.number(),
    stageBytes: z.number(),
  }),
});
export type Held = z.infer<typeof Held>;
