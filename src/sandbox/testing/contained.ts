import { systemClock } from "../../std/clock.ts";
import { openSandbox } from "../open.ts";
import { LIMITS_OF_TESTS } from "./ground.ts";

/** A nanos to be killed while its container runs. */
const [, , image = ""] = process.argv;
const box = { reads: [], writes: [], net: { kind: "none" }, exec: [], env: {} } as const;
const boxed = await openSandbox({ clock: systemClock }).start({
  run: { kind: "container", image, argv: ["/bin/sh", "-c", "sleep 60 & echo up; sleep 60"] },
  cwd: "/",
  stage: null,
  box: { ...box, limits: { ...LIMITS_OF_TESTS, ms: 600_000 } },
});
if ("code" in boxed) throw new Error(boxed.message);
for await (const _ of boxed.stdout) break;
process.stdout.write("started\n");
await new Promise(() => undefined);
