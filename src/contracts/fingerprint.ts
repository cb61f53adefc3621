/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "71cc226470296e3f267ee4bbc3036d570d791ca66690c4d58556458c6dba8510";
