import { auditFileOf } from '../list-files.ts'
import { fileBegun } from '../own-entries.ts'
import type { Found, SeenLine } from './seen-line.ts'

const begunAs = new RegExp(`"kind":"audit","event":"${fileBegun}","file":"([^"]+)"\\}$`)

/** The name that a file had when it was begun by this line, where it has another one of its kind now. */
export function renamedFrom({ bytes, file }: SeenLine): string | undefined {
  if (auditFileOf('', file) === undefined || !bytes.includes(fileBegun)) return undefined
  const name = begunAs.exec(bytes.toString('latin1'))?.[1]
  return name === file ? undefined : name
}

/** What is said of that. */
export function renamed(line: SeenLine): Found {
  const detail = `the file was begun as "${renamedFrom(line) ?? ''}"`
  return { what: 'renamed', at: line, seq: line.place?.seq ?? 1, detail }
}
