import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { decideAboutDevice } from './approve.ts'
import { mustRun, startChild, type Child, type Result } from './child.ts'
import { personAt, type Person } from './person.ts'
import { posternCommand, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** The machine of somebody who publishes: they are signed in, and have made a named tunnel. */
export interface Publisher extends Person {
  /** The file with the token of the tunnel. */
  readonly tokenFile: string
  /** `postern tunnel …`, which must succeed. */
  tunnel(...args: string[]): Promise<Result>
  /** `postern tunnel …` for a connector; resolves once it has all its connections. */
  startConnector(...args: string[]): Promise<Child>
}

/** Connections of one connector. */
export const connectionCount = 4

/** Resolves once a connector has had each of its connections registered. */
export async function allRegistered(connector: Child): Promise<void> {
  for (let index = 0; index < connectionCount; index += 1) {
    await connector.says(new RegExp(`Registered tunnel connection connIndex=${index} `))
  }
}

/** Settings of a gateway: a site in which these people may publish. */
export async function siteFor(scope: Scope, name: string, email: string) {
  const { cert, key } = await (await createCertificateAuthority()).issue([`*.${name}`])
  const files = join(scope.directory, 'site')
  await mkdir(files)
  const [certificate_file, certificate_key_file] = [
    join(files, 'site.crt'),
    join(files, 'site.key'),
  ]
  await writeFile(certificate_file, cert)
  await writeFile(certificate_key_file, key, { mode: 0o600 })
  const publish = [{ allow: { and: [{ email: { is: email } }] } }]
  return { sites: [{ name, publish, certificate_file, certificate_key_file }] }
}

/** Signs somebody in to publish, and makes a named tunnel. */
export async function publisherAt(
  scope: Scope,
  rig: Pick<GatewayRig, 'origin' | 'ca' | 'caFile'>,
  email: string,
  namedTunnel: string,
): Promise<Publisher> {
  const person = await personAt(scope, rig, email)
  const options = { env: person.env, cwd: person.home }
  const start = (...args: string[]): Child =>
    startChild(scope, ...posternCommand('tunnel', ...args), options)
  const tunnel = (...args: string[]): Promise<Result> =>
    mustRun(scope, ...posternCommand('tunnel', ...args), options)

  const login = start('login', '--gateway', rig.origin, '--ca-file', rig.caFile, '--no-browser')
  const [, address = ''] = await login.says(/\n {2}(https:\/\/\S+)\n/)
  await decideAboutDevice(rig, address, email, 'approve')
  await login.ended
  await tunnel('create', namedTunnel)
  const tokenFile = join(person.home, `${namedTunnel}.token`)
  await tunnel('token', '--output', tokenFile, namedTunnel)
  return {
    ...person,
    tokenFile,
    tunnel,
    async startConnector(...args) {
      const child = start(...args)
      await allRegistered(child)
      return child
    },
  }
}
