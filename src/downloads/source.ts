/** Where people get the program, as the operator wrote it. */
export type DownloadsSource =
  /** Absolute: a directory of executables that the gateway hands out. */
  | { readonly directory: string }
  /** A page of the operator's own; the gateway hands nothing out. */
  | { readonly page: string }
