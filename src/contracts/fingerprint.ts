/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
<<<<<<< HEAD
export const SCHEMAS_HASH = "2219be309b5d56e9665fa4f1f2a86075360ebab5a64886e36a628a3122d3d663";
=======
export const SCHEMAS_HASH = "a5bce94f5be3a0ea78b2acfdf9696e32fdaf380c58f89e545c29f7a52963e580";
>>>>>>> 06afa37 (docs: reference pages and schemas written anew)
