import { join } from 'node:path'
import { startChild, type Child } from '../child.ts'
import { program } from '../peers.ts'
import type { Person } from '../person.ts'
import type { Scope } from '../scope.ts'

/** Where Debian's packages put their drivers. */
const drivers = {
  postgresql: '/usr/share/java/postgresql.jar',
  mariadb: '/usr/share/java/mariadb-java-client.jar',
} as const

/** Starts a Java program that runs each line of its input as a statement; `address` is `//HOST:PORT/…`. */
export async function startJdbc(
  scope: Scope,
  person: Pick<Person, 'env' | 'home'>,
  driver: keyof typeof drivers,
  address: string,
): Promise<Child> {
  const source = join(import.meta.dirname, 'Jdbc.java')
  const args = ['-cp', drivers[driver], source, `jdbc:${driver}:${address}`]
  const child = startChild(scope, program('java'), args, { env: person.env, cwd: person.home })
  await child.says(/connected/)
  return child
}
