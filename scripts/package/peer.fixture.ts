import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * What a test says that skips itself since a program is not there, or false. In CI it does not skip, and fails.
 */
export function isMissing(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isOnPath(program))
  if (missing.length === 0 || process.env['CI'] === 'true') return false
  return `missing: ${missing.join(', ')}; run scripts/install-peers.sh`
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
