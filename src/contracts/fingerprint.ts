/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "f391330c59117f63ca2728cd99af25c02e84a30866a51336a03fcb67c776bf13";
