/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "a5e3d630dfdff5b0906355a8a232c6fefeb21c046424507f3c5fcd28b9cb4545";
