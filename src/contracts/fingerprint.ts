/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "4bdb7bf3ba707fa29e1a842cbaad2b0a110be237b5de357446d2d2a64493615b";
