import { forced, start } from "./ground.ts";

/** A nanos to be killed: its process started another, which left its parent. */
const [, , tier, nap = "60"] = process.argv;
const sandbox = forced(tier === "bwrap" ? "bwrap" : "landlock");
const script = `(setsid sleep ${nap} & sleep ${nap} &) ; sleep ${nap}`;
await start(sandbox, {
  program: ["/bin/sh", "-c", script],
  exec: ["/bin/sleep", "/usr/bin/setsid"],
  limits: { ms: 600_000 },
});
process.stdout.write("started\n");
await new Promise(() => undefined);
