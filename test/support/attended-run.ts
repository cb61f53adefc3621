import { openNanos } from "../../src/nanos.ts";

/**
 * Runs one request with somebody at hand who looks at the ask and never answers it. Prints the id
 * of the ask, and how the run came out.
 */
const nanos = await openNanos();
const handle = await nanos.run({
  text: process.argv[2] ?? "",
  ask: (ask, signal) => {
    console.log(`ask ${ask.id} of ${ask.run}`);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
  },
});
const state = await handle.done;
console.log(`came to ${state.state} ${state.state === "ended" ? state.ended.outcome : ""}`);
await nanos.close();
