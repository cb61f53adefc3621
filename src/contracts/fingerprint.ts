/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "73990070b755556de36fb277baaa791308f2fe2a1e881d7a85844971560c2773";
