import { probeSandbox } from "../probe.ts";
import { forced } from "./ground.ts";

/** Every attack in one tier, as whoever runs this; what came of it as JSON. */
const what = process.argv[2] ?? "";
const sandbox = forced(what === "container" ? "bwrap" : (what as "bwrap" | "landlock" | "wasm"));
// Loaded where it is needed, as it says so where there is no podman.
const image = what === "container" ? (await import("./image.ts")).makeImage() : null;
const beyond = image === null ? { networked: true as const } : { image: image.name };
const only = (_: string, kind: string): boolean => (kind === "container") === (image !== null);
const results = await probeSandbox(sandbox, only, beyond);
await sandbox.close();
image?.remove();
process.stdout.write(JSON.stringify({ user: process.getuid?.(), results }));
