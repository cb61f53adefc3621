/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "60bca13a76e8110b1c0b612b4ecc990b8bb52d099f4424a18f8ee7dcfc270cf9";
