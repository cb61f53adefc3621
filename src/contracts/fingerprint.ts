/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "a0c41b01722015a77f2c7afdb2f222eaebcd25667ef8669eeed645f1b3cca475";
