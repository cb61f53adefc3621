/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "50ababf600ddace105f95d59a7216ebdecc2b2a33d4a907b7db7b161c48679b1";
