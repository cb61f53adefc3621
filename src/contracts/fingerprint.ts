/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cfeada40c37f80f1447bf237befe57ecd3d56538932600e641bf901adde7ad05";
