import type { Config } from "../../contracts/config.ts";
import type { EvidenceDesk } from "../../contracts/evidence.ts";
import type { World } from "../world.ts";
import { newestPoints } from "./points.ts";

/** Evidence as a person asks for it. What does the work is loaded when it is asked for. */
export function evidenceDesk(world: World, collector?: Config["otlp"]): EvidenceDesk {
  const bundles = (): Promise<typeof import("./bundle.ts")> => import("./bundle.ts");
  const witnesses = (): Promise<typeof import("./witness.ts")> => import("./witness.ts");
  return {
    bundle: async (run, dir, options) => (await bundles()).exportBundle(world, run, dir, options),
    files: async (run, options) => (await bundles()).bundleOf(world, run, options.redacted),
    prove: async (step) => (await bundles()).proofOf(world, step),
    otlp: async (run, to, options) =>
      (await import("./otlp.ts")).exportOtlp(world, run, to, options, collector),
    points: (limit) => newestPoints(world.journal, limit),
    keys: async () => (await witnesses()).keysOf(world),
    trust: async (key) => (await witnesses()).trustKey(world, key),
    drop: async (name) => (await witnesses()).dropKey(world, name),
    ask: async (witness, from) => (await witnesses()).askWitness(world, witness, from),
    cosign: async (request) => (await witnesses()).cosign(world, request),
    take: async (checkpoint) => (await witnesses()).takeCosigned(world, checkpoint),
  };
}
