/** A text file that was read, or why it was not: `cannot read "x": no such file`. */
export type FileText =
  | { readonly ok: true; readonly text: string; readonly readableBy: 'owner' | 'group' | 'others' }
  | { readonly ok: false; readonly message: string }

/** What to say about a file with a secret that more than its owner can read. */
export function exposureOf(
  file: FileText & { ok: true },
): readonly [string, { readonly hint: string }] | undefined {
  if (file.readableBy === 'owner') return undefined
  const who = file.readableBy === 'group' ? 'its group' : 'everybody on this machine'
  return [`names a file with a secret that ${who} can read`, { hint: 'chmod 600 it' }]
}
