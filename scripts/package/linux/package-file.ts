/** A file that a package brings. */
export interface PackageFile {
  /** Where it comes to be, from `/`. */
  readonly path: string
  /** Its bytes, or the file that has them. */
  readonly content: Buffer | string | { readonly of: string }
  /** **Default:** `0o644` */
  readonly mode?: number
  /** Whoever runs the gateway edits it: an upgrade keeps what they have written. */
  readonly isConfiguration?: true
}
