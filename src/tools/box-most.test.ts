import { expect, test } from "bun:test";
import type { Box, ProcessSpec, Sandbox } from "../sandbox/sandbox.ts";
import { LIMITS } from "../std/limits.ts";
import { capped, type Most } from "./box.ts";

/** The box a process would be started in. */
async function limitsUnder(most: Most, limits: Partial<Box["limits"]>): Promise<Box["limits"]> {
  const seen: ProcessSpec[] = [];
  const sandbox = {
    start: async (spec: ProcessSpec) => {
      seen.push(spec);
      return { code: "x", message: "not started" };
    },
  } as unknown as Sandbox;
  await capped(sandbox, most).start({ box: { limits } } as ProcessSpec);
  return seen[0]?.box.limits as Box["limits"];
}

const USUAL = { memoryBytes: LIMITS.toolMemoryBytes, cpuSeconds: LIMITS.toolCpuSeconds, ms: 5 };
const HALF = { ...USUAL, memoryBytes: USUAL.memoryBytes / 2, cpuSeconds: USUAL.cpuSeconds / 2 };

test("nothing is started with more than the operator allows, and never with more than before", async () => {
  expect(await limitsUnder({}, USUAL)).toEqual(USUAL as never);
  const half = { toolMemoryBytes: HALF.memoryBytes, toolCpuSeconds: HALF.cpuSeconds };
  expect(await limitsUnder(half, USUAL)).toEqual(HALF as never);
  expect(await limitsUnder(half, { ...HALF, memoryBytes: 1 })).toMatchObject({ memoryBytes: 1 });
  const warm = { ...USUAL, cpuSeconds: USUAL.cpuSeconds * 20 };
  expect(await limitsUnder(half, warm)).toMatchObject({ cpuSeconds: HALF.cpuSeconds * 20 });
  expect(await limitsUnder({ toolCpuSeconds: 1 }, { ...USUAL, cpuSeconds: 1 })).toMatchObject({
    cpuSeconds: 1,
  });
});
