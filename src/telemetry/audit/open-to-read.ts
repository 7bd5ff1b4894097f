import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'

/**
 * Opens a file to read it. A pipe would wait for whoever writes to it, perhaps for ever, a device may have no end, and
 * what came through either could not be read again.
 *
 * @throws Error when it is something else than a file; the system's where there is none
 */
export async function openToRead(path: string): Promise<FileHandle> {
  const kind = kindOf(await stat(path))
  if (kind !== undefined) throw new Error(`"${path}" is ${kind}, not a file`)
  // Should it be another one by now: no waiting. Windows has neither the pipes nor the flag.
  const nonBlocking = (constants.O_NONBLOCK as number | undefined) ?? 0
  return open(path, constants.O_RDONLY | nonBlocking)
}

/**
 * Reads a text of at most so many bytes.
 *
 * @throws Error when it is longer, or no file
 */
export async function readText(path: string, maxBytes: number): Promise<string> {
  await using file = await openToRead(path)
  const { size } = await file.stat()
  if (size > maxBytes) throw new Error(`"${path}" is larger than ${maxBytes} bytes`)
  return file.readFile('utf8')
}

/** Undefined for a file. */
function kindOf(found: Stats): string | undefined {
  if (found.isFile()) return undefined
  if (found.isDirectory()) return 'a directory'
  if (found.isFIFO()) return 'a pipe'
  if (found.isSocket()) return 'a socket'
  return 'a device'
}
