/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "22ce9b7c07986eaead5dabc5a5c88575b8b908575d703f9fcd84777f619c3595";
