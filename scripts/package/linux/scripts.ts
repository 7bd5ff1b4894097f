import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const packaging = join(import.meta.dirname, '..', '..', '..', 'packaging')

/** A text of packaging/; a line `@name@` in it stands for the file `linux/name.sh` there. */
export function readScript(name: string): string {
  return readFileSync(join(packaging, name), 'utf8').replaceAll(
    /^@([a-z-]+)@\n/gm,
    (_, part: string) => readFileSync(join(packaging, 'linux', `${part}.sh`), 'utf8'),
  )
}
