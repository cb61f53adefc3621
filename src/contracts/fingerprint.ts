/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "1bc734fc51fab5dbb6128ed4271273f8806c1b2b5c5db14332460437734d08ae";
