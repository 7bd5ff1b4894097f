import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The file that is read when none is named. */
export function defaultConfig(directory: string | undefined): string | undefined {
  const folders = [...(directory === undefined ? [] : [directory]), '/etc/postern']
  return folders
    .flatMap((folder) => [join(folder, 'config.yml'), join(folder, 'config.yaml')])
    .find((path) => existsSync(path))
}
