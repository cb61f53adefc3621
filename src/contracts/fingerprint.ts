/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "83c1244c87d5e5410ef9b510c6d5843669a2535334b5a6cfe34bfdfe5784c007";
