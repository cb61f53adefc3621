import { host } from "../runtime/host.ts";

/** The tool host without its lock, for clients that are not nanos. Tests only. */
await host(process.argv[2] ?? "");
