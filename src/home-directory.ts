import { homedir } from 'node:os'
import { isAbsolute } from 'node:path'

/**
 * This user's home. Undefined where there is none: in a container whose user is not in passwd(5), and where
 * `HOME` is empty or relative, since secrets would then lie wherever the program was started.
 */
export function homeDirectory(lookUp: () => string = homedir): string | undefined {
  try {
    const home = lookUp()
    return isAbsolute(home) ? home : undefined
  } catch {
    return undefined
  }
}
