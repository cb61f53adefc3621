/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "90ea2693cc41d9c63b75c6760a3a5619e54d9cf80e764eca2a29ee935d8708dc";
