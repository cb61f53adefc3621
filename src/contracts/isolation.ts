import { z } from "zod";

/**
 * The isolation really applied to a process.
 * `bwrap` namespaces, seccomp and limits; `landlock` Landlock, seccomp and limits in the process
 * itself; `container` podman; `none` the operator marked it unconfined; `host` ran inside nanos.
 */
export const Tier = z.enum(["bwrap", "landlock", "container", "none", "host"]);
export type Tier = z.infer<typeof Tier>;
