/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "fefff67e7207c0f0998f96c506080bebc8f20d34dc0cd517c2c0f023599f527c";
