/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "2219be309b5d56e9665fa4f1f2a86075360ebab5a64886e36a628a3122d3d663";
