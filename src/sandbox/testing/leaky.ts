import { forced, run } from "./ground.ts";

/** A nanos with a descriptor it inherited; prints which ones a process in its box has. */
const sandbox = forced(process.argv[2] === "bwrap" ? "bwrap" : "landlock");
// Asked by name, as listing a folder would open a descriptor of its own.
const script = "for fd in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$fd ] && echo $fd; done; :";
const { out } = await run(sandbox, { program: ["/bin/sh", "-c", script] });
process.stdout.write(out.trim().replaceAll("\n", " "));
await sandbox.close();
