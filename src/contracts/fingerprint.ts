/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "f42bfb10c3de9749cfde89327a2e0ef83fbefe6247fddf296fd644e6b612a1e7";
