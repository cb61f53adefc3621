/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "baf46191e88fd0d263e9128f77444c20cc507e7d5133a2e6d962a4a51f29d9e8";
