import { openNanos } from "../../src/nanos.ts";

/**
 * Runs one request and ends itself with SIGKILL once the given number of events is on disk.
 * Arguments: TEXT COUNT. Prints the run's id first.
 */
const [text = "", count = "0"] = process.argv.slice(2);
const nanos = await openNanos();
let seen = 0;
const handle = await nanos.run({
  text,
  on: (live) => {
    if (live.type !== "event") return;
    seen += 1;
    if (seen >= Number(count)) process.kill(process.pid, "SIGKILL");
  },
});
console.log(handle.run);
await handle.done;
await nanos.close();
