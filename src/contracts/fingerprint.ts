/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "8bd4cd1ceab92cc2f0771fca29afd6717643d85a9e2b038d2fe7abddca958632";
