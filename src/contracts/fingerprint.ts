/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "92da2f69056698cfe6d7d8804b71d8ad77124461f721f9df7ecc4d91acee9078";
