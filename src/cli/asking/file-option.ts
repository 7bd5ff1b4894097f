import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from 'commander'

/**
 * Reads an option that names a file: a path, or a file URL, which generated lines of ssh_config have where a path has
 * characters that some shell looks at.
 */
export function parseFile(text: string): string {
  if (!text.startsWith('file://')) return text
  try {
    return fileURLToPath(text)
  } catch {
    throw new InvalidArgumentError('it is no file URL of this machine.')
  }
}
