import { readFile } from 'node:fs/promises'
import { messageOf, systemCode } from '../errors.ts'

/**
 * Largest file that is read, in bytes.
 *
 * @limit a file of tokens or certificates: an error that names the file
 */
const maxFileBytes = 1024 * 1024

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a directory',
}

/** Reads a text file that the person named. Rejects with an `Error` whose message is why, in words. */
export async function readSmallFile(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    throw new Error(sentences[systemCode(error) ?? ''] ?? messageOf(error), { cause: error })
  }
  if (bytes.length > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`)
  return bytes.toString()
}
