/** What the build puts in the place of imports that are no TypeScript. */

/** The text of a bundled worker. */
declare module "worker:*" {
  const source: string;
  export default source;
}

/** The bytes of a file. */
declare module "*.woff2" {
  const bytes: Uint8Array;
  export default bytes;
}
