/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "54e59fb50df8eb77f59ee6244a4f4e6a488018e7bde3c45e35e7463b428fed72";
