// A corpus is a file of lines, each a JSON string whose characters are bytes: `"CONNECT h:1\r\n"`. So a change of it
// can be read. An entry that a bug has left is an object with its reason, and `--merge` never drops it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Entry {
  readonly bytes: Buffer
  /** What it once showed; undefined for an entry that only reaches code. */
  readonly why: string | undefined
}

/** The file of a target's corpus. */
function corpusPath(directory: string, target: string): string {
  return join(directory, `${target}.jsonl`)
}

/** @throws `Error` when there is none, or nothing in it: a loop that begins with nothing finds nothing */
export function readCorpus(directory: string, target: string): readonly Entry[] {
  const path = corpusPath(directory, target)
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  if (lines.length === 0)
    throw new Error(
      `the corpus of "${target}" is empty: write an input that it reads into "${path}"`,
    )
  return lines.map((line, index) => readEntry(line, `${path}:${index + 1}`))
}

export function writeCorpus(directory: string, target: string, entries: readonly Entry[]): void {
  const lines = entries.map(({ bytes, why }) => {
    const input = escaped(bytes)
    return why === undefined ? input : `{"why":${JSON.stringify(why)},"input":${input}}`
  })
  writeFileSync(corpusPath(directory, target), `${lines.join('\n')}\n`)
}

/** Bytes as a JSON string of printable ASCII, a character for each. */
export function escaped(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'))
  return text.replace(/[\x7f-\xff]/g, (byte) => `\\u00${byte.charCodeAt(0).toString(16)}`)
}

/** @throws `Error` for what is not such a string */
export function unescaped(text: string): Buffer {
  const value: unknown = JSON.parse(text)
  // oxlint-disable-next-line no-control-regex
  if (typeof value !== 'string' || /[^\0-\xff]/.test(value))
    throw new Error('an input is a JSON string of the characters \\u0000 to \\u00ff')
  return Buffer.from(value, 'latin1')
}

function readEntry(line: string, place: string): Entry {
  try {
    if (!line.startsWith('{')) return { bytes: unescaped(line), why: undefined }
    const { why, input } = JSON.parse(line)
    return { bytes: unescaped(JSON.stringify(input)), why: String(why) }
  } catch (error) {
    throw new Error(`${place}: no entry of a corpus`, { cause: error })
  }
}
