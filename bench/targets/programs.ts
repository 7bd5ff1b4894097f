import { accessSync, constants } from 'node:fs'

/** Where Debian keeps server programs, which is not on everybody's PATH. */
const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']

/** The file of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  return directories
    .filter(Boolean)
    .map((directory) => `${directory}/${name}`)
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
