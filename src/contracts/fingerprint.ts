/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "eae094a3d643e5f581379bae02acf5d3236147cb7b1c32492fbc295b5da3815f";
