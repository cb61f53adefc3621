/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "03259416e4c30c4363abcf66f439b9e5781ca14955ba41a13b283c007b80ac3f";
